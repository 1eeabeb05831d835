"""The Faust agents.

`casualties` and `ceasefires` fold batches that processing puts on in-memory channels; `alerts` and `delivery` are plain
agents on topics.
"""

from streams.agents.alerts import add_alerting_agent
from streams.agents.batch_channel import BatchChannel
from streams.agents.fold import AgentStage, add_folding_agents
from streams.agents.notifications import add_delivery_agent

__all__ = ["AgentStage", "BatchChannel", "add_alerting_agent", "add_delivery_agent", "add_folding_agents"]

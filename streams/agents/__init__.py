"""The Faust agents.

`casualties` and `ceasefires` fold what the desk hands them, a batch at a time, in memory; `alerts` is a plain agent on
topics, and so is `delivery`.
"""

from streams.agents.alerts import add_alerting_agent
from streams.agents.batch_channel import BatchChannel
from streams.agents.fold import AgentStage, add_folding_agents
from streams.agents.notifications import add_delivery_agent

__all__ = ["AgentStage", "BatchChannel", "add_alerting_agent", "add_delivery_agent", "add_folding_agents"]

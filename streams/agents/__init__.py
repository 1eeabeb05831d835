"""The Faust agents. `casualties` and `ceasefires` fold what the desk hands them, a batch at a time, in memory."""

from streams.agents.channel import BatchChannel
from streams.agents.folding import AgentStage, add_folding_agents

__all__ = ["AgentStage", "BatchChannel", "add_folding_agents"]

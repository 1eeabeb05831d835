"""The sticky assignor with its state per consumer, and the generation of a consumer's group."""

from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

__all__ = ["note_generation", "sticky_assignor"]


def sticky_assignor() -> Any:
    """Return a sticky assignor class of its own.

    aiokafka keeps the assignment in the class, so two consumers in one process must not share one.
    """
    return type("TrucelineAssignor", (StickyPartitionAssignor,), {})


def note_generation(assignor: Any, consumer: AIOKafkaConsumer) -> None:
    """Record the generation of the consumer's group in its assignor, which aiokafka leaves out.

    Without it the leader cannot tell a current assignment from an old one.
    """
    assignor.generation = consumer._coordinator.generation

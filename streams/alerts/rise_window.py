"""How far a figure has risen within a time."""

from streams.alerts.condition import ConditionState

#: Figures kept of one window; the oldest go.
MAX_PAST = 1000


def lower_before(memory: ConditionState, key: str, figure: int | None, clock: int, within_us: int) -> list[int]:
    """Note the figure that a change at `clock` replaces, and return those to measure a rise from.

    These are the figures that stood at some moment of the window, the least first. The memory under `key` holds
    [until, figure] of figures that are gone, each higher than the one before: what stood longer ago and was higher
    is never the better one to measure from.
    """
    past: list[list[int]] = memory.get(key, [])
    if figure is not None:
        while past and past[-1][1] >= figure:
            past.pop()
        past.append([clock, figure])
    while past and (past[0][0] <= clock - within_us or len(past) > MAX_PAST):
        del past[0]
    if past:
        memory[key] = past
    else:
        memory.pop(key, None)
    return [lower for _, lower in past]

"""The lowest figures of a sliding window, to measure a rise from."""

from streams.alerts.condition import ConditionState

#: Figures kept of one window; the oldest are dropped.
MAX_PAST = 1000


def lower_before(state: ConditionState, key: str, figure: int | None, clock: int, within_us: int) -> list[int]:
    """Note the figure that a change at `clock` replaces; return the figures of the window, lowest first.

    The state under `key` holds [until, figure] of replaced figures, each higher than the one before: an older, higher
    figure never gives the larger rise.
    """
    past: list[list[int]] = state.get(key, [])
    if figure is not None:
        while past and past[-1][1] >= figure:
            past.pop()
        past.append([clock, figure])
    while past and (past[0][0] <= clock - within_us or len(past) > MAX_PAST):
        del past[0]
    if past:
        state[key] = past
    else:
        state.pop(key, None)
    return [lower for _, lower in past]

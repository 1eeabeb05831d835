"""The lowest figures of a sliding window, to measure a rise from."""

from typing import Any

from streams.alerts.condition import ConditionState
from streams.core.times import parse_time

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


def lower_as_of(
    state: ConditionState, key: str, before: dict[str, Any] | None, after: dict[str, Any], within_us: int
) -> list[int]:
    """Return the figures of the window that ends with the figure's own as_of, lowest first (contract section 11).

    A figure for a date that has one already replaces it: only figures dated earlier are measured from.
    """
    as_of = parse_time(after["as_of"])
    # If the newest claim was withdrawn, the figure that it had replaced is current again.
    if past := [part for part in state.get(key, ()) if part[0] <= as_of]:
        state[key] = past
    else:
        state.pop(key, None)
    dated_earlier = before is not None and parse_time(before["as_of"]) < as_of
    return lower_before(state, key, before["best"] if before and dated_earlier else None, as_of, within_us)

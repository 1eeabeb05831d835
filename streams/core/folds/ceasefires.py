"""The fold of ceasefire claims into the views of an episode (contract section 4)."""

from typing import Final

from streams.core.ceasefires.timer_queue import ViewKey
from streams.core.ceasefires.transitions import next_timer
from streams.core.ceasefires.view import JOINT, AppliedAct, View, view_name
from streams.core.change_records import Published, status_change
from streams.core.model import CeasefireClaim, Change, StandingReport
from streams.core.refusal import Refusal
from streams.core.source_registry import Registry
from streams.core.state.episode import Episode
from streams.core.state.step import Outcome, Step, has_claim

#: The most names in a list of a view. A change has three lists of slugs before and after: 1.0 MB at most, so that it
#: fits the 1 MiB of its topic with the longest cause.
MAX_VIEW_NAMES: Final = 2_000


def fold(episode: Episode, step: Step, registry: Registry) -> None:
    """Fill `step.ceasefires`: at most one change a view, sorted, the joint view first.

    Raises Refusal `too_large` if the report makes a list of a view too long.
    """
    if not concerns(episode, step):
        return
    touched: set[ViewKey] = set()
    if step.old is not None:
        for key, act in applied_acts(step.report_id, step.old, registry):
            view = episode.views[key]
            view.remove(act)
            step.undo.append((view.add, (act,)))
            touched.add(key)
    if step.new is not None:
        for key, act in applied_acts(step.report_id, step.new, registry):
            _apply_act(episode, step, key, act)
            touched.add(key)
    if step.outcome is Outcome.REGISTERED:
        touched.update(episode.views)
    touched.update(episode.timers.due(step.clock))
    changes = [_publish(episode, step, key) for key in sorted(touched)]
    step.ceasefires = [change for change in changes if change is not None]


def concerns(episode: Episode, step: Step) -> bool:
    """Return whether `fold` has anything to do for a step: most reports are casualties alone."""
    due = episode.timers.first()
    if (due is not None and due <= step.clock) or step.outcome is Outcome.REGISTERED:
        return True
    return has_claim(CeasefireClaim, step.new) or has_claim(CeasefireClaim, step.old)


def applied_acts(report_id: str, standing: StandingReport, registry: Registry) -> list[tuple[ViewKey, AppliedAct]]:
    """Return a report's ceasefire claims with the views they belong to."""
    acts = []
    source = standing.source
    for index, claim in enumerate(standing.claims):
        if isinstance(claim, CeasefireClaim):
            by = claim.by or registry.affiliation(source)
            act = AppliedAct(claim.at, standing.published_at, report_id, index, claim, source, by)
            joint = act._replace(bystander=True) if by is None and registry.is_bystander(source) else act
            acts += [((claim.ceasefire, JOINT), joint), ((claim.ceasefire, source), act)]
    return acts


def schedule(episode: Episode, key: ViewKey, clock: int) -> None:
    """Set or clear the view's next timer."""
    view = episode.views.get(key)
    due = next_timer(view.state(clock)) if view is not None and view.claims else None
    episode.timers.set(key, due)


def _apply_act(episode: Episode, step: Step, key: ViewKey, act: AppliedAct) -> None:
    view = episode.views.get(key)
    if view is None:
        view = View()
        episode.views[key] = view
        step.undo.append((episode.views.pop, (key,)))
    view.add(act)
    step.undo.append((view.remove, (act,)))


def _publish(episode: Episode, step: Step, key: ViewKey) -> Published | None:
    view = episode.views[key]
    step.undo.append((episode.timers.set, (key, episode.timers.get(key))))
    schedule(episode, key, step.clock)
    after, before = view.value(step.clock), view.published
    if after == before:
        return None
    if after is not None and step.new is not None:
        _check_lengths(key, before, after)
    step.undo.append((_set_published, (view, view.version, before)))
    _set_published(view, view.version + 1, after)
    ceasefire, source = key
    name = view_name(source)
    step.touched.append(("v", episode.name, *key))
    return status_change(episode.name, ceasefire, name, view.version, before, after, step.cause())


def _check_lengths(key: ViewKey, before: Change | None, after: Change) -> None:
    for name in ("mediators", "declared_by", "not_confirmed_by"):
        names = len(after[name])
        if names > MAX_VIEW_NAMES and (before is None or names > len(before[name])):
            ceasefire, source = key
            view = f"{ceasefire}/{view_name(source)}"
            raise Refusal("too_large", f"{name} of ceasefire {view}: {names} names; the limit is {MAX_VIEW_NAMES}")


def _set_published(view: View, version: int, value: Change | None) -> None:
    view.version = version
    view.published = value

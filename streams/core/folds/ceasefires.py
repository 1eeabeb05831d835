"""The fold of ceasefire claims into the views of an episode (contract section 4)."""

from streams.core.ceasefires.timer_queue import ViewKey
from streams.core.ceasefires.transitions import next_timer
from streams.core.ceasefires.view import JOINT, AppliedAct, View, view_name
from streams.core.change_records import Published, status_change
from streams.core.model import CeasefireClaim, Change, StandingReport
from streams.core.source_registry import Registry
from streams.core.state.episode import Episode
from streams.core.state.step import Outcome, Step, claims_a


def fold(episode: Episode, step: Step, registry: Registry) -> None:
    """Fill `step.ceasefires`: at most one change a view, sorted, the joint view first."""
    if not concerns(episode, step):
        return
    touched: set[ViewKey] = set()
    if step.old is not None:
        for key, done in places(step.report_id, step.old, registry):
            view = episode.views[key]
            view.remove(done)
            step.undo.append((view.add, (done,)))
            touched.add(key)
    if step.new is not None:
        for key, done in places(step.report_id, step.new, registry):
            _stand(episode, step, key, done)
            touched.add(key)
    if step.outcome is Outcome.REGISTERED:
        touched.update(episode.views)
    touched.update(episode.waiting.until(step.clock))
    changes = [_publish(episode, step, key) for key in sorted(touched)]
    step.ceasefires = [change for change in changes if change is not None]


def concerns(episode: Episode, step: Step) -> bool:
    """Whether a step gives `fold` anything to do: most reports are about casualties alone."""
    due = episode.waiting.first()
    if (due is not None and due <= step.clock) or step.outcome is Outcome.REGISTERED:
        return True
    return claims_a(CeasefireClaim, step.new) or claims_a(CeasefireClaim, step.old)


def places(report_id: str, standing: StandingReport, registry: Registry) -> list[tuple[ViewKey, AppliedAct]]:
    """Return the views that a report's claims belong to, with their entries there."""
    placed = []
    source = standing.source
    for index, claim in enumerate(standing.claims):
        if isinstance(claim, CeasefireClaim):
            by = claim.by or registry.affiliation(source)
            done = (claim.at, standing.published_at, report_id, index, claim, source, by)
            placed += [((claim.ceasefire, JOINT), done), ((claim.ceasefire, source), done)]
    return placed


def wait(episode: Episode, key: ViewKey, clock: int) -> None:
    """Note when the view's next timer fires, if it waits for one."""
    view = episode.views.get(key)
    due = next_timer(view.course(clock)) if view is not None and view.claims else None
    episode.waiting.set(key, due)


def _stand(episode: Episode, step: Step, key: ViewKey, done: AppliedAct) -> None:
    view = episode.views.get(key)
    if view is None:
        view = View()
        episode.views[key] = view
        step.undo.append((episode.views.pop, (key,)))
    view.add(done)
    step.undo.append((view.remove, (done,)))


def _publish(episode: Episode, step: Step, key: ViewKey) -> Published | None:
    view = episode.views[key]
    step.undo.append((episode.waiting.set, (key, episode.waiting.get(key))))
    wait(episode, key, step.clock)
    after, before = view.value(step.clock), view.published
    if after == before:
        return None
    step.undo.append((_set_published, (view, view.version, before)))
    _set_published(view, view.version + 1, after)
    ceasefire, source = key
    name = view_name(source)
    step.touched.append(("v", episode.name, *key))
    return status_change(episode.name, ceasefire, name, view.version, before, after, step.cause())


def _set_published(view: View, version: int, value: Change | None) -> None:
    view.version = version
    view.published = value

"""Statements: asserted, denied, accused. They move no count (contract sections 1 and 6)."""

from msgspec import structs

from streams.core.change_records import statement_change
from streams.core.model import Change, Statement
from streams.core.state.episode import Episode
from streams.core.state.step import Step, has_claim


def fold(episode: Episode, step: Step) -> None:
    """Fill `step.statements`: statements published, changed or withdrawn, by claim index."""
    new = step.new
    if new is None:
        return
    if not new.statements and not has_claim(Statement, new):
        return
    report_id = step.report_id
    # Carried over from revision to revision: a statement that returns continues its versions.
    kept = dict(new.statements or ())
    changes = []
    for index, claim in enumerate(new.claims):
        if isinstance(claim, Statement):
            kept.setdefault(index, (0, None))
    for index in sorted(kept):
        version, before = kept[index]
        claim = new.claims[index] if index < len(new.claims) else None
        after = _value(new.source, claim) if isinstance(claim, Statement) else None
        if after == before:
            continue
        kept[index] = (version + 1, after)
        changes.append(statement_change(episode.name, report_id, index, version + 1, before, after, step.cause()))
    step.statements = changes
    if kept:
        new.statements = kept


def _value(source: str, claim: Statement) -> Change:
    target = claim.refers_to
    return {
        "source": source,
        "act": claim.act,
        "about": claim.about,
        "against": claim.against,
        "text": claim.text,
        "refers_to": target and structs.asdict(target),
    }

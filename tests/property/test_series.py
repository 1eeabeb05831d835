"""Series over many histories, held to a literal reading of the contract."""

from __future__ import annotations

from hypothesis import given

from streams.core.counts.entry import cell_fields
from streams.core.queries.series import series_rows
from tests.property.folding import folded, modelled
from tests.property.model_series import days, window
from tests.property.strategies import History, histories


@given(histories(about="counts"))
def test_series_say_what_the_contract_says(history: History) -> None:
    """Each day of each cell, and each cell as a whole."""
    fold, model = folded(history), modelled(history)
    for name in fold.ledger.episodes():
        episode = fold.ledger.episode(name)
        claims = model.claims(name, "casualties")
        daily, whole = list(series_rows(episode, "day")), list(series_rows(episode, "all"))
        for key in sorted(episode.cells):
            cell = (*key, "", "")[:6]
            named = cell_fields(key)
            of_cell = [row for row in daily if row.items() >= named.items() and len(row) == len(named) + 5]
            found = [(row["from"], row["to"], row["best"], row["low"], row["high"]) for row in of_cell]
            assert found == days(claims, cell)
            (total,) = [row for row in whole if row.items() >= named.items() and len(row) == len(named) + 5]
            assert {bound: total[bound] for bound in ("best", "low", "high")} == window(claims, cell, None, None)

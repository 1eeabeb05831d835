"""The kinds of data sets that can be imported."""

from streams.operations.importers import armaz, csv_files, eth_prio, palestine, russian_losses, ucdp_ged
from streams.operations.importers.base import ImportKind

KINDS: dict[str, ImportKind] = {
    module.KIND.name: module.KIND for module in (armaz, palestine, russian_losses, ucdp_ged, eth_prio, csv_files)
}

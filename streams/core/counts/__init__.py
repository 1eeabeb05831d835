"""Running counts: cells, their entries and disputes (contract section 3)."""

"""Check the outputs of an installation against its log."""

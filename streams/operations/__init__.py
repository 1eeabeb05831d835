"""Finite runs over a log or files, one package each."""

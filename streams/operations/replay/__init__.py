"""Fold files of reports without a broker."""

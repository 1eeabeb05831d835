"""Importers: public data sets as reports (contract section 1), one module a kind.

Each reads the rows of its files and yields, for every row, what became of it: reports, or the reason why there is
none. Report ids are made from the row they came from, so a second import is all duplicates.
"""

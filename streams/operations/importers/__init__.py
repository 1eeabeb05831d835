"""Importers: public data sets as reports (contract section 1), one module a kind.

Each reads the rows of its files and yields the result of each: reports, or the reason why there is none. Report ids
are made from the rows, so a second import gives only duplicates.
"""

"""Folds of one kind of claim into the state: counts, ceasefires, statements, pruning."""

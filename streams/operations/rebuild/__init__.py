"""Recompute a log beside the live one: copy it to topics of another prefix, process it there, compare, switch.

Nothing of the live prefix is written, joined or fenced.
"""

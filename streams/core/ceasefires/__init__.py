"""Ceasefire status: transitions, views and timers (contract section 4)."""

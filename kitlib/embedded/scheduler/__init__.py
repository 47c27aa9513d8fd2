"""Chooses a node for every pod: filters, then a binding."""

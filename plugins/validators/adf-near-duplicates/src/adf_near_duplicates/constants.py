"""Numbers that can be had without importing anything heavy."""

SHORTEST_SHINGLE = 8
"""Bytes: as many as a number of 64 bits holds. Shorter runs of letters are in texts of all kinds."""

LOWEST_THRESHOLD = 0.4
"""Below that the index would miss every second twin."""

SHOWN = 12
"""Characters of a record's key in a reason: enough to find it by."""

"""Where objects live.

Every write gets the next revision, is on disk before it is acknowledged, and is seen by watchers in order.
"""

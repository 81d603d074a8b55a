"""Deciding: which live group a name means, what differs, what follows, and whether it may be done.

Here belong pure functions from data to data. Never here: calls, files, clocks, randomness or output; a
date that matters is handed in. The one library is deepdiff, in `diff`.
"""

"""Where runs record what they did: the file, its format, and a journal that keeps nothing.

Here belong stores (one file a kind of place), their locks, and the state's one JSON form. Never here: what
is worth recording or what a record means (that is `apply` and `planning`), calls to the API, or printing.
"""

"""Where runs record what they did: a file, a branch in Git, or nowhere; and the history of drifts.

Here belong stores (one file a kind of place), their locks, and the state's one JSON form. Never here: what
is worth recording or what a record means (that is `apply` and `planning`), calls to the API, or printing.
"""

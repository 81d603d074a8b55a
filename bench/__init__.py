"""How fast it is: the same work done by us and by others, side by side, against a fast local server.

Here belong the server of canned answers, repositories of any size, the rivals and the tables of
`docs/performance.md`. Never here: anything that the product needs. `python -m bench --help` begins with
examples.
"""

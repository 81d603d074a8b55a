"""What the product talks about, as frozen data: groups wanted and found, changes, plans, outcomes, state.

Here belong types and the pure rules that define them (when two numbers are one person, what is masked).
Never here: I/O of any kind, clocks, randomness, a library, or a decision about what should be done.
"""

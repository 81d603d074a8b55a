"""Making a plan so: (plan, reader, writer, journal) → outcomes.

Groups are worked on concurrently, changes of one group in their order. Here belong the protocol of writing
(read again before the first write, see a promotion before a demotion, read again after the last write) and
the create protocol. Never here: a decision of its own about what should change; planning is asked again.
"""

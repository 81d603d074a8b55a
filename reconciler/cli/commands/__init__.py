"""One module a verb: its options, its help that begins with examples, and the call of its operation."""

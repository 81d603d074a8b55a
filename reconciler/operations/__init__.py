"""What the verbs do, one readable function each; everything they need is handed in, nothing is printed.

Here belongs how a verb is put together from reading, planning, applying and recording: a module a verb, or a
family of them. Never here: printing, exit codes, concrete backends and stores, or decisions.
"""

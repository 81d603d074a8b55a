"""Attacks on the whole program, as whoever may write a file of the repository or an answer of the API.

Each test runs the command as a process. What one layer refuses by itself is tested beside that layer
(`tests/manifests`, `tests/backends`, `tests/reports`, `tests/state`, `tests/sandbox`); here is what has to
hold from end to end: no call, no secret, no traceback, an exit code that is not green. docs/security.md
says what is defended against whom.
"""

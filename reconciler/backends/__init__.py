"""The APIs that hold the groups: sending calls, and making sense of what comes back.

Here belong connections, retries, pace, payloads and the parsing of answers; `requests` lives here. Never
here: what should be changed and whether it may be, files, state, or anything that is printed. No exception
of a library leaves this package. A new backend is one file that offers a `ports.Reader` and a
`ports.Writer`; the contract tests in `tests/backends/contract.py` run on it.
"""

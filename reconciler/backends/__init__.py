"""The APIs that hold the groups, and the one HTTP client, which code hosts use too.

Here belong connections, retries, the rate limiter, payloads and what answers say; `requests` lives here.
Never here: what should be changed and whether it may be, files, state, or anything that is printed. No
exception of a library leaves this package. A new backend is one file that offers a `ports.Reader` and a
`ports.Writer`; the contract tests in `tests/backends/contract.py` run on it.
"""

"""Fuzzing, to be run by hand: `python -m tests.fuzz manifests --seconds 600`. Not part of the test run.

Each target turns random bytes into a verdict: fine, or a failure with the input that caused it.
"""

"""Telling people where they look: the one comment of a pull request, or the one issue, that is ours.

Here belong the code hosts' APIs, as far as comments and issues need them. Never here: the Groups API and its
credentials, files, the environment, printing, or what a report says.
"""

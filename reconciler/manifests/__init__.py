"""Files that the user wrote, turned into checked data: manifests, contacts, configuration, icons.

Here belong YAML and JSON Schema, the words of every complaint about a file, and the rules that need no
look at the live side. All of it is untrusted input (a pull request can change every file), so sizes,
depths and paths are limited before anything is believed. Never here: the API, state, printing, or a
decision about what should be changed.
"""

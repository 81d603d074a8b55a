"""What a run has to tell: a verb makes one redacted document of its result, and a format draws it.

`model` is the document, `redact` what may be shown, `words` how things are called. A verb has a file (`plan`
with `base`, `drift`, `apply` …) that makes its document and, where JSON is a contract, its data; a format has
a file (`text`, `markdown`, `html` …) with one function over sections, an account each, and knows no verb.
Nothing here does I/O, reads a clock, or prints.
"""

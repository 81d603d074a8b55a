"""What a run has to say, in every format: `view` redacts, then one file a format turns the view into text.

A verb has its own modules: `<verb>_view` makes its view out of `<verb>_shapes`, `<verb>_layout` says what
there is to say, `<verb>_json`, `<verb>_text` and so on write it down; `json`, `text`, `markdown` and `html`
are what those of one format share. So no verb imports what another one says.

Here belong pure functions from data to `str`. A number becomes an alias or a mask in `view` and nowhere else;
links and full numbers are shown by `invites_view` and nowhere else. A format escapes for its own medium and
knows nothing of the others. Never here: deciding, calls, files, clocks or printing.
"""

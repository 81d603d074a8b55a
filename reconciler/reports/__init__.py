"""What a run has to say, in every format: `view` redacts, then one file a format turns the view into text.

Here belong pure functions from data to `str`. A number becomes an alias or a mask in `view` and nowhere else;
links and full numbers are shown by `invites_view` and nowhere else. A format escapes for its own medium and
knows nothing of the others. Never here: deciding, calls, files, clocks or printing.
"""

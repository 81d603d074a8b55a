"""The people side: who should get which link, and how it reaches them.

Here belong decisions about invitations, as pure functions from a plan to data, and the calls that carry them
out, through what `ports` describes. Never here: who belongs in a group (that is planning's), files, printing,
or a link or a number in an error or a log.
"""

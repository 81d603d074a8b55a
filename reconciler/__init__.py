"""A GitOps-style reconciler for WhatsApp groups.

Manifests say what groups should look like; `plan` shows what would change, `apply` makes it so, `drift`
reports what was changed outside. Data flows one way: files and live state in, a plan as data, effects
out. Deciding (`model`, `planning`) is pure; the edges (`manifests`, `backends`, `state`, `cli`) do I/O.
"""

__version__ = "0.1.0.dev0"

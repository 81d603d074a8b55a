"""Who we are on a code host, by which our own comments and issues are told from others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Author:
    """Our identity: by number where the API tells it, else by name."""

    name: str
    id: int | None = None

    def wrote(self, user: object, field: str) -> bool:
        """Whether a user of the API's answer is us; `field` is where this code host says the name."""
        if not isinstance(user, dict):
            return False
        if self.id is not None:
            return user.get("id") == self.id
        name = user.get(field)
        return isinstance(name, str) and name.lower() == self.name.lower()

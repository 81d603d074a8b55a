"""The description that goes with the package: README.md, with links that lead somewhere outside of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# `](docs/ci.md)`, and neither an address nor a place on the page itself
_LINK = re.compile(r"\]\((?![a-z]+:|#)(?P<path>[^)\s]+)\)")


def absolute(text: str, repository: str, version: str) -> str:
    """Return the Markdown with each link within the repository as an address of the version's tag there."""

    def address(link: re.Match[str]) -> str:
        kind = "raw" if link["path"].endswith((".png", ".svg")) else "blob"
        return f"]({repository}/{kind}/v{version}/{link['path']})"

    return _LINK.sub(address, text)


class ReadmeHook(MetadataHookInterface):
    """Sets the field `readme`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Read README.md and rewrite its links."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        repository = metadata["urls"]["Repository"]
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": absolute(text, repository, metadata["version"]),
        }

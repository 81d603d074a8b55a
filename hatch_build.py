"""What goes with the package: README.md as its description, with links that lead somewhere outside of it, and
the commit that it is built from; and the catalogues of other languages as gettext reads them."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
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


class PackageHook(BuildHookInterface):
    """Compiles the catalogues, for an editable install too, and puts the commit of the tree into the package,
    as the file `commit`, where that is known."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Do what a build lacks."""
        for path in Path(self.root, "reconciler/locale").glob("*/LC_MESSAGES/*.po"):
            with path.open("rb") as source, path.with_suffix(".mo").open("wb") as compiled:
                write_mo(compiled, read_po(source, locale=path.parts[-3]))
        self._note_commit(version, build_data)

    def _note_commit(self, version: str, build_data: dict[str, Any]) -> None:
        """Ask git, unless the tree has the file already: an sdist, whichever repository it is in by now."""
        name = "reconciler/commit"
        file = Path(self.root, name)
        if version == "editable":
            return
        if not file.exists():
            # a repository that is around the tree is another one
            head = ["git", f"--git-dir={Path(self.root, '.git')}", "rev-parse", "--verify", "HEAD"]
            try:
                found = subprocess.run(head, capture_output=True, text=True, check=True).stdout
            except (OSError, subprocess.CalledProcessError):
                return
            self._folder = tempfile.TemporaryDirectory()  # goes with the hook
            file = Path(self._folder.name, "commit")
            file.write_text(found, encoding="ascii")
        build_data["force_include"][str(file)] = name  # also of an sdist: files come in one order

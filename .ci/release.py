"""Cut a release, check it, and print what it says of itself. Run from the project's folder:

python .ci/release.py cut 0.2.0      the version, and the changelog's unreleased section under it
python .ci/release.py check v0.2.0   tag, version and changelog agree
python .ci/release.py notes          the version's section, with links that lead to its tag
python .ci/release.py begin 0.3.0    the version of what comes next: 0.3.0.dev0
"""

from __future__ import annotations

import re
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from hatch_build import absolute

CHANGELOG = Path("CHANGELOG.md")
VERSION = Path("reconciler/__init__.py")
UNRELEASED = "## [Unreleased]\n"
_VERSION = re.compile(r'(?<=^__version__ = ")[^"]+(?="$)', re.M)
_RELEASED = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
_SECTION = re.compile(
    r"^## \[(?P<version>[^]]+)\](?: - (?P<day>\d{4}-\d{2}-\d{2}))?\n(?P<body>.*?)(?=^## |\Z)", re.M | re.S
)


class Refused(Exception):
    """What stands in the way of a release, and how to mend it."""


def sections(text: str) -> dict[str, re.Match[str]]:
    """Return the changelog's sections by version, the newest first."""
    return {section["version"]: section for section in _SECTION.finditer(text)}


def current() -> str:
    """Return the version as it stands in the one place that has it."""
    found = _VERSION.search(VERSION.read_text())
    assert found, VERSION
    return found[0]


def write_version(version: str) -> None:
    """Put the version into that place."""
    VERSION.write_text(_VERSION.sub(version, VERSION.read_text()))


def cut(version: str) -> None:
    """Make the unreleased section that of the version, of today, and begin an empty one."""
    if not _RELEASED.fullmatch(version):
        raise Refused(f"{version!r} is not a version to release: write it as 1.2.3, or 1.2.3rc1")
    text = CHANGELOG.read_text()
    found = sections(text)
    if version in found:
        raise Refused(f"{CHANGELOG} has a section of {version} already: release another version")
    if "Unreleased" not in found or not found["Unreleased"]["body"].strip():
        raise Refused(f"{CHANGELOG} has nothing under [Unreleased]: write what users notice")
    heading = f"{UNRELEASED}\n## [{version}] - {datetime.now(UTC):%Y-%m-%d}\n"
    CHANGELOG.write_text(text.replace(UNRELEASED, heading, 1))
    write_version(version)


def check(tag: str) -> None:
    """Refuse a tag that is not the version, and a version that the changelog does not begin with."""
    version = current()
    if tag != f"v{version}" or not _RELEASED.fullmatch(version):
        raise Refused(
            f"the tag is {tag}, {VERSION} says {version}: tag the commit that `cut` made as v and its version"
        )
    found = sections(CHANGELOG.read_text())
    if list(found)[:2] != ["Unreleased", version] or not found[version]["day"]:
        raise Refused(
            f"{CHANGELOG} does not begin with [Unreleased] and [{version}] - DATE: let `cut` write it"
        )
    if found["Unreleased"]["body"].strip():
        raise Refused(f"{CHANGELOG} has lines under [Unreleased] that this tag would release: cut again")


def notes() -> str:
    """Return the section of this version."""
    version = current()
    found = sections(CHANGELOG.read_text())
    if version not in found:
        raise Refused(f"{CHANGELOG} has no section of {version}: let `cut` write it")
    urls = tomllib.loads(Path("pyproject.toml").read_text())["project"]["urls"]
    return absolute(found[version]["body"].strip(), urls["Repository"], version)


def begin(version: str) -> None:
    """Say that what is here is on its way to the version."""
    if not _RELEASED.fullmatch(version):
        raise Refused(f"{version!r} is not a version: write it as 1.2.3")
    write_version(f"{version}.dev0")


def main(arguments: list[str]) -> int:
    """Do what is asked; a reason that stands in the way is printed, and ends 1."""
    try:
        match arguments:
            case ["cut", version]:
                cut(version)
            case ["check", tag]:
                check(tag)
            case ["notes"]:
                print(notes())
            case ["begin", version]:
                begin(version)
            case _:
                print(__doc__, file=sys.stderr)
                return 64
    except Refused as reason:
        print(f"release: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

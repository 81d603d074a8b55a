"""Print the README's n-th command (`python docs/readme_commands.py 2`), so that CI runs what people read."""

from __future__ import annotations

import re
import sys
from pathlib import Path

_COMMAND = r"<!-- command \d+ -->\s*```sh\n(.*?)```"
README = Path(__file__).parent.parent / "README.md"


def commands(text: str) -> list[str]:
    """The shell blocks that follow a `<!-- command N -->` line, in their order."""
    return [match[1].strip() for match in re.finditer(_COMMAND, text, re.DOTALL)]


if __name__ == "__main__":
    print(commands(README.read_text(encoding="utf-8"))[int(sys.argv[1]) - 1])

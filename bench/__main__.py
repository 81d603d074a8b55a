"""`python -m bench`: measure, print, and on request renew docs/performance.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from bench import accounts, backends, local, reads, start, writes
from bench.measure import Failed, machine
from bench.table import renew

_EXAMPLES = """examples:
  python -m bench                        everything, as docs/performance.md shows it: about half an hour
  python -m bench --write                the same, and renew that page
  python -m bench reads --times 1        a first look
  python -m bench local --sizes 1000,10000
"""


def main() -> int:
    """Run the sections that were asked for; 1 where a contender failed."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Compare reconciler with others that do the same work, against a server of our own.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "sections",
        nargs="*",
        metavar="SECTION",
        help="reads, start, local, writes, accounts, backends [default: all of them]",
    )
    parser.add_argument("--times", type=int, default=5, help="runs of each, alternating [default: 5]")
    parser.add_argument(
        "--groups",
        type=int,
        default=1000,
        help="groups in `reads`, `accounts` and `backends` [default: 1000]",
    )
    parser.add_argument("--sizes", default=",".join(map(str, local.SIZES)), help="groups in `local`")
    parser.add_argument("--write", action="store_true", help="renew docs/performance.md and docs/scale.md")
    given = parser.parse_args()
    sizes = tuple(int(size) for size in given.sizes.split(","))
    table: dict[str, Callable[[], str]] = {
        "reads": lambda: reads.section(given.groups, given.times, _tell),
        "start": lambda: start.section(2 * given.times + 1, _tell),
        "local": lambda: local.section(sizes, min(3, given.times), _tell),
        "writes": lambda: writes.section(200, min(3, given.times), _tell),
        "backends": lambda: backends.section(given.groups, min(3, given.times), _tell),
        "accounts": lambda: accounts.section(given.groups, given.times, _tell),
    }
    unknown = set(given.sections) - table.keys()
    if unknown:
        parser.error(f"there is no section {', '.join(sorted(unknown))}: there are {', '.join(table)}")
    for name in given.sections or table:
        try:
            text = f"{machine()}.\n\n{table[name]()}"
        except Failed as error:
            print(error, file=sys.stderr)
            return 1
        print(f"## {name}\n\n{text}", flush=True)
        if given.write:
            renew(name, text)
    return 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


sys.exit(main())

"""`reconciler comment`."""

from __future__ import annotations

import click

from reconciler.cli import codehost, files, terminal, wiring
from reconciler.cli.clock import SystemClock
from reconciler.cli.common import Common
from reconciler.cli.verb import verb
from reconciler.errors import Exit, UsageError
from reconciler.publish.comments import checked, publish
from reconciler.publish.issues import track
from reconciler.report.escape import for_terminal

EXAMPLES = """
reconciler plan --base HEAD^1 --report markdown=plan.md     in a job with the token of the Groups API
reconciler comment plan.md                                  in a job with the token of the code host
reconciler comment --issue drift.md                         an issue as long as there is drift
reconciler comment plan.md --provider github --repository acme/groups --number 12
"""


@verb("comment", EXAMPLES)
@click.argument("file", metavar="FILE")
@click.option("--issue", is_flag=True, help="Open, update, close or reopen an issue instead, from a drift.")
@click.option("--provider", type=click.Choice(["github", "gitlab"]), default=None, help="[default: the CI's]")
@click.option(
    "--repository", metavar="NAME", default=None, help="OWNER/NAME, or GitLab's project  [default: the CI's]"
)
@click.option(
    "--number",
    type=click.IntRange(1, 10**9),
    default=None,
    help="The pull or merge request  [default: the job's]",
)
@click.option("--api-url", metavar="URL", default=None, help="The code host's API  [default: the CI's]")
@click.option(
    "--author", metavar="LOGIN", default="", help="Who comments, where the token may not ask whose it is."
)
def command(
    common: Common,
    file: str,
    issue: bool,
    provider: str | None,
    repository: str | None,
    number: int | None,
    api_url: str | None,
    author: str,
) -> int:
    """Post a Markdown report as a comment of the pull request, or replace the one that is there.

    With --issue a drift is told in an issue, which is closed when all is in sync.

    The token is GITHUB_TOKEN or GH_TOKEN, or GITLAB_TOKEN; no credential of the Groups API is needed.
    """

    common.refuse("target", "format", "report", "sandbox", "config", "show_numbers")
    wiring.enter(common)
    if issue and number is not None:
        raise UsageError("--number means nothing beside --issue", "the issue is found by its marker")
    meant = codehost.target(provider, repository, number, api_url, author, issue=issue)
    body = checked(files.read_text(file, 1 << 20), file)
    clock = SystemClock()
    tell = terminal.progress(common.quiet).tell
    if issue:
        with codehost.tracker(meant, clock, tell) as tracker:
            done = track(tracker, body, clock)
    else:
        with codehost.host(meant, clock, tell) as host:
            done = publish(host, body, clock)
    if done.warning:
        terminal.say(f"Warning: {done.warning}.")
    if not common.quiet:
        where = for_terminal(done.url[:300]) or f"{meant.repository} {meant.number or ''}".strip()
        terminal.say(f"{'Issue' if issue else 'Comment'} {done.action}: {where}")
    return Exit.OK

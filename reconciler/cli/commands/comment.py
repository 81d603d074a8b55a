"""`reconciler comment`: which code host, pull request and token are meant, and what is to be posted there.

What the command line does not say, the pipeline does, by the variables that GitHub Actions and GitLab CI set;
a token is only ever read from the environment.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from reconciler.cli import files, terminal, wiring
from reconciler.cli.accounts import verb
from reconciler.cli.clock import SystemClock
from reconciler.cli.common import Common, WholeNumber
from reconciler.cli.environment import check_secret
from reconciler.errors import CredentialsError, Exit, ReconcilerError, UsageError
from reconciler.language import msg, tr
from reconciler.publish.author import Author
from reconciler.publish.comments import checked, overtake, publish
from reconciler.publish.issues import track
from reconciler.report.escape import for_terminal

if TYPE_CHECKING:
    from reconciler.publish.comments import Host, Published

EXAMPLES = msg(
    "\nreconciler plan --base HEAD^1 --report markdown=plan.md     in a job with "
    "the token of the Groups API\nreconciler comment "
    "plan.md                                  in a job with the token of the code "
    "host\nreconciler comment --overtaken                              where no "
    "plan could be made of a later push\nreconciler comment --issue "
    "drift.md                         an issue as long as there is drift\n"
    "reconciler comment plan.md --provider github --repository acme/chat --number "
    "7\n"
)

OVERTAKEN = msg(
    "> [!WARNING]\n> A later push has overtaken this plan, and could not be planned "
    "itself: what merging would change now is not known. See the checks."
)

_COMMENT = {
    "created": msg("Comment created"),
    "updated": msg("Comment updated"),
    "unchanged": msg("Comment unchanged"),
}
_ISSUE = {
    "created": msg("Issue created"),
    "updated": msg("Issue updated"),
    "unchanged": msg("Issue unchanged"),
    "closed": msg("Issue closed"),
    "reopened": msg("Issue reopened"),
}

Provider = Literal["github", "gitlab"]

GITHUB_API = "https://api.github.com"
GITLAB_API = "https://gitlab.com/api/v4"

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_PROJECT = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")
_PULL = re.compile(r"refs/pull/([0-9]{1,9})/(?:merge|head)")
_MAX_EVENT = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """Where a comment goes, or with the number 0 an issue. `author` is "" where the API is to be asked whose
    the token is."""

    provider: Provider
    api: str
    repository: str
    number: int
    author: str


@verb("comment", EXAMPLES)
@click.argument("file", metavar="[FILE]", required=False)
@click.option(
    "--overtaken", is_flag=True, help=msg("Without FILE: say that the plan in our comment is an old one.")
)
@click.option(
    "--issue", is_flag=True, help=msg("Open, update, close or reopen an issue instead, from a drift.")
)
@click.option(
    "--provider", type=click.Choice(["github", "gitlab"]), default=None, help=msg("[default: the CI's]")
)
@click.option(
    "--repository",
    metavar="NAME",
    default=None,
    help=msg("OWNER/NAME, or GitLab's project  [default: the CI's]"),
)
@click.option(
    "--number",
    type=WholeNumber(1, 10**9),
    default=None,
    help=msg("The pull or merge request  [default: the job's]"),
)
@click.option("--api-url", metavar="URL", default=None, help=msg("The code host's API  [default: the CI's]"))
@click.option(
    "--author",
    metavar="LOGIN",
    default="",
    help=msg("Who comments, where the token may not ask whose it is."),
)
def command(
    common: Common,
    file: str | None,
    overtaken: bool,
    issue: bool,
    provider: Provider | None,
    repository: str | None,
    number: int | None,
    api_url: str | None,
    author: str,
) -> int:
    """Post a Markdown report as a comment of the pull request, or replace the one that is there.

    With --overtaken it is said above the plan that is there that no plan could be made since.

    With --issue a drift is told in an issue, which is closed when all is in sync.

    The token is GITHUB_TOKEN or GH_TOKEN, or GITLAB_TOKEN; no credential of the Groups API is needed.
    """
    common.refuse("target", "format", "report", "sandbox", "config", "show_numbers")
    wiring.enter(common)
    if issue and number is not None:
        raise UsageError(
            msg("--number means nothing beside --issue"), msg("the issue is found by its marker")
        )
    if overtaken and (issue or file is not None):
        raise UsageError(
            msg("--overtaken goes with neither FILE nor --issue"),
            msg("it is about the comment that is there"),
        )
    if not overtaken and file is None:
        raise UsageError(msg("FILE is missing"), msg("make it with: reconciler plan --report markdown=FILE"))
    meant = _target(provider, repository, number, api_url, author, issue=issue)
    body = None if file is None else checked(files.read_text(file, 1 << 20), file)
    done = _post(meant, body, terminal.progress(common.quiet).tell)
    if done.warning:
        terminal.say(tr("Warning: {warning}.", warning=done.warning))
    if not common.quiet:
        where = for_terminal(done.url[:300]) or f"{meant.repository} {meant.number or ''}".strip()
        terminal.say(f"{tr((_ISSUE if issue else _COMMENT)[done.action])}: {where}")
    return Exit.OK


def _post(meant: Target, body: str | None, tell: Callable[[str], None]) -> Published:
    """Make or replace the comment, or mend the issue; without a `body` say that the comment is old.

    `tell` is given a sentence for people whenever the code host asks to wait. Raises `CredentialsError` where
    there is no token.
    """
    from reconciler.publish import github, gitlab
    from reconciler.publish.api import Api

    clock = SystemClock()
    on_github = meant.provider == "github"
    code_host = github if on_github else gitlab
    with Api(code_host.origin(meant.api, _token(meant.provider)), clock, tell) as api:
        if meant.author:
            who = Author(meant.author)
        elif on_github:
            who = github.identify(api, in_actions=os.environ.get("GITHUB_ACTIONS") == "true")
        else:
            who = gitlab.identify(api)
        if body is not None and not meant.number:
            return track(code_host.Issues(api, meant.repository, who), body, clock)
        host: Host
        if on_github:
            host = github.PullRequest(api, meant.repository, meant.number, who)
        else:
            host = gitlab.MergeRequest(api, meant.repository, meant.number, who, _merge_request_url())
        return overtake(host, tr(OVERTAKEN)) if body is None else publish(host, body, clock)


def _target(
    provider: Provider | None,
    repository: str | None,
    number: int | None,
    api: str | None,
    author: str,
    *,
    issue: bool = False,
) -> Target:
    """Complete the options by what the pipeline says; an `issue` has no number. Raises `UsageError` naming
    what is missing."""
    kind = _provider(provider)
    if kind == "github":
        where = api or _variable("GITHUB_API_URL") or GITHUB_API
        name = repository or _variable("GITHUB_REPOSITORY")
        found = number or _github_number()
        good = _REPOSITORY
    else:
        where = api or _variable("CI_API_V4_URL") or GITLAB_API
        name = repository or _variable("CI_PROJECT_ID")
        found = number or _number(_variable("CI_MERGE_REQUEST_IID"))
        good = _PROJECT
    if not name or not good.fullmatch(name) or any(part in (".", "..") for part in name.split("/")):
        example = "OWNER/NAME" if kind == "github" else msg("a project's number or path")
        raise UsageError(
            msg("it is not known which repository is meant"),
            msg("say --repository: {example}", example=example),
        )
    if not found and not issue:
        raise UsageError(
            msg("this job belongs to no pull request"),
            msg("run it for pull requests only, or say which one: --number N"),
        )
    from reconciler.publish.api import checked_api

    origin = checked_api(where, "--api-url" if api else msg("the address of {provider}'s API", provider=kind))
    return Target(kind, origin, name, 0 if issue else found or 0, author)


def _provider(said: Provider | None) -> Provider:
    if said is not None:
        return said
    if os.environ.get("GITHUB_ACTIONS") == "true" or _variable("GITHUB_REPOSITORY"):
        return "github"
    if os.environ.get("GITLAB_CI") == "true" or _variable("CI_API_V4_URL"):
        return "gitlab"
    raise UsageError(
        msg("it is not known which code host is meant: this is neither GitHub Actions nor GitLab CI"),
        msg("say --provider github or --provider gitlab, with --repository and --number"),
    )


def _token(provider: Provider) -> str:
    names = ("GITHUB_TOKEN", "GH_TOKEN") if provider == "github" else ("GITLAB_TOKEN",)
    name = next(filter(_variable, names), "")
    token = _variable(name)
    if not token and provider == "github":
        raise CredentialsError(
            msg("there is no token to comment with: set GITHUB_TOKEN or GH_TOKEN"),
            msg("in GitHub Actions: env: {GITHUB_TOKEN: ${{ github.token }}}"),
        )
    if not token:
        raise CredentialsError(
            msg("there is no token to comment with: set GITLAB_TOKEN"),
            msg("a project access token with the scope `api`: CI_JOB_TOKEN may not comment"),
        )
    check_secret(token, name, spaces=False)
    return token


def _variable(name: str) -> str | None:
    return os.environ.get(name) or None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None


def _github_number() -> int | None:
    """The pull request of a job: by its ref, else by the event that started it."""
    match = _PULL.fullmatch(_variable("GITHUB_REF") or "")
    if match:
        return int(match[1])
    path = _variable("GITHUB_EVENT_PATH")
    if path is None:
        return None
    try:
        event = json.loads(files.read_text(path, _MAX_EVENT))
    except (ReconcilerError, ValueError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    issue = event.get("issue")
    run = event.get("workflow_run")
    pulls = run.get("pull_requests") if isinstance(run, dict) else None
    candidates = [event.get("pull_request")]
    candidates += [issue] if isinstance(issue, dict) and "pull_request" in issue else []
    candidates += pulls if isinstance(pulls, list) and len(pulls) == 1 else []
    return next(
        (
            each["number"]
            for each in candidates
            if isinstance(each, dict) and type(each.get("number")) is int and 0 < each["number"] < 10**9
        ),
        None,
    )


def _merge_request_url() -> str:
    project, number = _variable("CI_PROJECT_URL"), _variable("CI_MERGE_REQUEST_IID")
    return f"{project}/-/merge_requests/{number}" if project and number else ""

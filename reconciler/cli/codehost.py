"""Which code host, pull request and token are meant: what the command line says, else what the pipeline does.

The variables are those that GitHub Actions and GitLab CI set; a token is only ever read from the environment.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reconciler.cli import files
from reconciler.errors import CredentialsError, ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.cli.clock import SystemClock
    from reconciler.publish.api import Api
    from reconciler.publish.author import Author
    from reconciler.publish.comments import Host
    from reconciler.publish.issues import Tracker

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


def target(
    provider: str | None,
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
        example = "OWNER/NAME" if kind == "github" else "a project's number or path"
        raise UsageError("it is not known which repository is meant", f"say --repository: {example}")
    if not found and not issue:
        raise UsageError(
            "this job belongs to no pull request",
            "run it for pull requests only, or say which one: --number N",
        )
    from reconciler.publish.api import checked_api

    origin = checked_api(where, "--api-url" if api else f"the address of {kind}'s API")
    return Target(kind, origin, name, 0 if issue else found or 0, author)


@contextmanager
def host(meant: Target, clock: SystemClock, tell: Callable[[str], None]) -> Iterator[Host]:
    """The comments of the pull request. `tell` is given a sentence for people whenever the code host asks to
    wait. Raises `CredentialsError` where there is no token."""
    from reconciler.publish import github, gitlab

    with _api(meant, clock, tell) as api:
        if meant.provider == "github":
            yield github.PullRequest(api, meant.repository, meant.number, _on_github(api, meant))
        else:
            who = _on_gitlab(api, meant)
            yield gitlab.MergeRequest(api, meant.repository, meant.number, who, _merge_request_url())


@contextmanager
def tracker(meant: Target, clock: SystemClock, tell: Callable[[str], None]) -> Iterator[Tracker]:
    """The issues of the repository, else as `host`."""
    from reconciler.publish import github, gitlab

    with _api(meant, clock, tell) as api:
        if meant.provider == "github":
            yield github.Issues(api, meant.repository, _on_github(api, meant))
        else:
            yield gitlab.Issues(api, meant.repository, _on_gitlab(api, meant))


@contextmanager
def _api(meant: Target, clock: SystemClock, tell: Callable[[str], None]) -> Iterator[Api]:
    from reconciler.publish import github, gitlab
    from reconciler.publish.api import Api

    code_host = github if meant.provider == "github" else gitlab
    with Api(code_host.origin(meant.api, _token(meant.provider)), clock, tell) as api:
        yield api


def _on_github(api: Api, meant: Target) -> Author:
    from reconciler.publish import github
    from reconciler.publish.author import Author

    if meant.author:
        return Author(meant.author)
    return github.identify(api, in_actions=os.environ.get("GITHUB_ACTIONS") == "true")


def _on_gitlab(api: Api, meant: Target) -> Author:
    from reconciler.publish import gitlab
    from reconciler.publish.author import Author

    return Author(meant.author) if meant.author else gitlab.identify(api)


def _provider(said: str | None) -> Provider:
    match said:
        case "github":
            return "github"
        case "gitlab":
            return "gitlab"
        case _:  # not said: click lets nothing else through
            pass
    if os.environ.get("GITHUB_ACTIONS") == "true" or _variable("GITHUB_REPOSITORY"):
        return "github"
    if os.environ.get("GITLAB_CI") == "true" or _variable("CI_API_V4_URL"):
        return "gitlab"
    raise UsageError(
        "it is not known which code host is meant: this is neither GitHub Actions nor GitLab CI",
        "say --provider github or --provider gitlab, with --repository and --number",
    )


def _token(provider: Provider) -> str:
    names = ("GITHUB_TOKEN", "GH_TOKEN") if provider == "github" else ("GITLAB_TOKEN",)
    token = next((found for name in names if (found := _variable(name))), "")
    if not token:
        more = (
            "in GitHub Actions: env: {GITHUB_TOKEN: ${{ github.token }}}"
            if provider == "github"
            else "a project access token with the scope `api`: CI_JOB_TOKEN may not comment"
        )
        raise CredentialsError(f"there is no token to comment with: set {' or '.join(names)}", more)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialsError("the token to comment with holds characters that cannot stand in a header")
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

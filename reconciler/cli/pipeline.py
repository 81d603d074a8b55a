"""Which run this is, for locks and histories: the pipeline's job by its environment, or user and host."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable
from typing import NamedTuple


class Run(NamedTuple):
    """`name` leads to the run: its address where the pipeline gives one; `actor` started it."""

    name: str
    actor: str | None


def this_run() -> Run:
    """What the environment says of the run: GitHub, GitLab, or another that gives an address."""
    for system in (_github, _gitlab, _other):
        found = system(lambda name: os.environ.get(name) or None)
        if found is not None:
            return found
    return Run(f"{_user()}@{socket.gethostname()}", None)


def holder() -> str:
    """Who holds a lock, for those who wait: the pipeline's job where there is one, else the user."""
    job = os.environ.get("GITHUB_RUN_ID") or os.environ.get("CI_JOB_URL") or os.environ.get("CI_JOB_ID")
    who = f"job {job}" if job else f"{_user()}@{socket.gethostname()}"
    return f"{who} (process {os.getpid()})"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


Lookup = Callable[[str], str | None]


def _github(variable: Lookup) -> Run | None:
    number = variable("GITHUB_RUN_ID")
    if number is None:
        return None
    server, repository = variable("GITHUB_SERVER_URL"), variable("GITHUB_REPOSITORY")
    attempt = variable("GITHUB_RUN_ATTEMPT")
    actor = variable("GITHUB_TRIGGERING_ACTOR") or variable("GITHUB_ACTOR")
    if server is None or repository is None:
        return Run(f"GitHub run {number}", actor)
    again = f"/attempts/{attempt}" if attempt not in (None, "1") else ""
    return Run(f"{server}/{repository}/actions/runs/{number}{again}", actor)


def _gitlab(variable: Lookup) -> Run | None:
    address = variable("CI_JOB_URL") or variable("CI_PIPELINE_URL")
    if address is None:
        job = variable("CI_JOB_ID")
        return None if job is None else Run(f"GitLab job {job}", variable("GITLAB_USER_LOGIN"))
    return Run(address, variable("GITLAB_USER_LOGIN"))


def _other(variable: Lookup) -> Run | None:
    """Jenkins, Buildkite, CircleCI and Azure name their builds so."""
    for name, actor in (
        ("BUILD_URL", "BUILD_USER_ID"),
        ("BUILDKITE_BUILD_URL", "BUILDKITE_BUILD_CREATOR"),
        ("CIRCLE_BUILD_URL", "CIRCLE_USERNAME"),
    ):
        if (address := variable(name)) is not None:
            return Run(address, variable(actor))
    collection, project = variable("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"), variable("SYSTEM_TEAMPROJECT")
    build = variable("BUILD_BUILDID")
    if collection and project and build:
        address = f"{collection.rstrip('/')}/{project}/_build/results?buildId={build}"
        return Run(address, variable("BUILD_REQUESTEDFOR"))
    return None

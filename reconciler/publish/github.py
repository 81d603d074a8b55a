"""Comments of a GitHub pull request, which are those of its issue, and issues (REST, 2022-11-28)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from reconciler.backends.client import Origin
from reconciler.errors import NotFound, Refused, Unclear, UsageError
from reconciler.language import msg
from reconciler.publish.api import Api, explained
from reconciler.publish.author import Author
from reconciler.publish.comments import Comment
from reconciler.publish.issues import Issue

ACTIONS_BOT = "github-actions[bot]"
"""Who writes with the token that GitHub Actions gives to a job."""

_PULLS = msg("give the job `permissions: {pull-requests: write}`; jobs of forks only ever read")
_ISSUES = msg("give the job `permissions: {issues: write}`; jobs of forks only ever read")


def origin(url: str, token: str) -> Origin:
    """GitHub's API at this address, asked with this token."""
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return Origin(url, headers, secrets=(token,), setting="--api-url")


def identify(api: Api, *, in_actions: bool) -> Author:
    """Whose the token is. That of GitHub Actions may not ask (403): there it is `github-actions[bot]`.

    Raises `UsageError` for a token of another app, which cannot ask either.
    """
    try:
        data = api.get("/user")
    except (Refused, NotFound):
        if in_actions:
            return Author(ACTIONS_BOT)
        raise UsageError(
            msg("this token may not ask whose it is, so our own comment could not be told from others"),
            msg("say who writes with it: --author LOGIN; an app's is its name with [bot] behind it"),
        ) from None
    if not isinstance(data, dict) or not isinstance(data.get("id"), int):
        raise Unclear(msg("GitHub did not say whose the token is"), code="bad_answer")
    return Author(str(data.get("login", "")), data["id"])


class PullRequest:
    """A `comments.Host`. `repository` is OWNER/NAME, checked before."""

    def __init__(self, api: Api, repository: str, number: int, author: Author) -> None:
        self._api = api
        self._issue = f"/repos/{repository}/issues/{number}/comments"
        self._comments = f"/repos/{repository}/issues/comments"
        self._author = author
        self._where = f"{repository}#{number}"

    def comments(self) -> Iterator[Comment]:
        with explained(self._where, _PULLS):
            yield from (self._comment(entry) for entry in self._api.pages(self._issue) if _is_comment(entry))

    def create(self, body: str) -> Comment:
        with explained(self._where, _PULLS):
            return self._comment(self._api.post(self._issue, {"body": body}))

    def update(self, comment: Comment, body: str) -> Comment:
        with explained(self._where, _PULLS):
            path = f"{self._comments}/{comment.id}"
            return self._comment(self._api.put("PATCH", path, {"body": body}))

    def delete(self, comment: Comment) -> None:
        with explained(self._where, _PULLS), suppress(NotFound):
            self._api.put("DELETE", f"{self._comments}/{comment.id}")

    def _comment(self, entry: Any) -> Comment:
        if not _is_comment(entry):
            raise Unclear(msg("GitHub's answer about a comment makes no sense"), code="bad_answer")
        return Comment(
            entry["id"], entry["body"] or "", self._author.wrote(entry.get("user"), "login"), _url(entry)
        )


class Issues:
    """An `issues.Tracker`. `repository` is OWNER/NAME, checked before."""

    def __init__(self, api: Api, repository: str, author: Author) -> None:
        self._api = api
        self._issues = f"/repos/{repository}/issues"
        self._author = author
        self._where = msg("the issues of {repository}", repository=repository)

    def issues(self) -> Iterator[Issue]:
        with explained(self._where, _ISSUES):
            # `creator` finds the one just opened, which the index of GitHub's search may not have yet
            ours = {"creator": self._author.name} if self._author.name else {}
            found = self._api.pages(self._issues, state="all", sort="created", direction="desc", **ours)
            yield from (self._issue(entry) for entry in found if _is_issue(entry))

    def create(self, title: str, body: str) -> Issue:
        with explained(self._where, _ISSUES):
            return self._issue(self._api.post(self._issues, {"title": title, "body": body}))

    def update(self, issue: Issue, title: str, body: str, *, is_open: bool) -> Issue:
        with explained(self._where, _ISSUES):
            wanted = {"title": title, "body": body, "state": "open" if is_open else "closed"}
            return self._issue(self._api.put("PATCH", f"{self._issues}/{issue.number}", wanted))

    def _issue(self, entry: Any) -> Issue:
        if not _is_issue(entry):
            raise Unclear(msg("GitHub's answer about an issue makes no sense"), code="bad_answer")
        return Issue(
            number=entry["number"],
            title=title if isinstance(title := entry.get("title"), str) else "",
            body=entry["body"] or "",
            is_open=entry.get("state") == "open",
            mine=self._author.wrote(entry.get("user"), "login"),
            url=_url(entry),
        )


def _url(entry: dict[str, Any]) -> str:
    url = entry.get("html_url")
    return url if isinstance(url, str) else ""


def _is_comment(entry: object) -> bool:
    """Whether this is a comment as GitHub describes one; a body may be null."""
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("id"), int)
        and isinstance(entry.get("body", ...), str | None)
    )


def _is_issue(entry: object) -> bool:
    """Pull requests are issues too, to GitHub."""
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("number"), int)
        and isinstance(entry.get("body", ...), str | None)
        and "pull_request" not in entry
    )

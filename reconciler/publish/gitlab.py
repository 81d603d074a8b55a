"""Comments (notes) of a GitLab merge request, and issues (REST, v4)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from reconciler.backends.client import Origin
from reconciler.errors import NotFound, Refused, Unclear, UsageError
from reconciler.language import msg
from reconciler.publish.api import Api, explained
from reconciler.publish.author import Author
from reconciler.publish.comments import Comment
from reconciler.publish.issues import Issue

_RIGHT = msg("use a project access token with the scope `api` and the role Reporter or more")


def origin(url: str, token: str) -> Origin:
    """GitLab's API at this address, asked with this token."""
    return Origin(
        url, {"Accept": "application/json", "PRIVATE-TOKEN": token}, secrets=(token,), setting="--api-url"
    )


def identify(api: Api) -> Author:
    """Whose the token is; that of a project or group is a user's of its own. Raises `UsageError` for one that
    may not ask."""
    try:
        data = api.get("/user")
    except (Refused, NotFound):
        raise UsageError(
            msg("this token may not ask whose it is, so our own comment could not be told from others"),
            msg(
                "use a project access token with the scope `api`, or say who writes with it: "
                "--author USERNAME"
            ),
        ) from None
    if not isinstance(data, dict) or not isinstance(data.get("id"), int):
        raise Unclear(msg("GitLab did not say whose the token is"), code="bad_answer")
    return Author(str(data.get("username", "")), data["id"])


class MergeRequest:
    """A `comments.Host`. `project` is a number or a path."""

    def __init__(self, api: Api, project: str, number: int, author: Author, url: str = "") -> None:
        self._api = api
        self._notes = f"/projects/{quote(project, safe='')}/merge_requests/{number}/notes"
        self._author = author
        self._where = f"{project}!{number}"
        self._url = url

    def comments(self) -> Iterator[Comment]:
        with explained(self._where, _RIGHT):
            found = self._api.pages(self._notes, sort="asc", order_by="created_at")
            yield from (self._comment(each) for each in found if _is_note(each) and not each.get("system"))

    def create(self, body: str) -> Comment:
        with explained(self._where, _RIGHT):
            return self._comment(self._api.post(self._notes, {"body": body}))

    def update(self, comment: Comment, body: str) -> Comment:
        with explained(self._where, _RIGHT):
            return self._comment(self._api.put("PUT", f"{self._notes}/{comment.id}", {"body": body}))

    def delete(self, comment: Comment) -> None:
        with explained(self._where, _RIGHT), suppress(NotFound):
            self._api.put("DELETE", f"{self._notes}/{comment.id}")

    def _comment(self, entry: Any) -> Comment:
        if not _is_note(entry):
            raise Unclear(msg("GitLab's answer about a comment makes no sense"), code="bad_answer")
        url = f"{self._url}#note_{entry['id']}" if self._url else ""
        return Comment(entry["id"], entry["body"], self._author.wrote(entry.get("author"), "username"), url)


class Issues:
    """An `issues.Tracker`. `project` is a number or a path."""

    def __init__(self, api: Api, project: str, author: Author) -> None:
        self._api = api
        self._issues = f"/projects/{quote(project, safe='')}/issues"
        self._author = author
        self._where = msg("the issues of {project}", project=project)

    def issues(self) -> Iterator[Issue]:
        with explained(self._where, _RIGHT):
            who = self._author
            ours = {"author_username": who.name} if who.id is None else {"author_id": who.id}
            found = self._api.pages(self._issues, scope="all", order_by="created_at", sort="desc", **ours)
            yield from (self._issue(entry) for entry in found if _is_issue(entry))

    def create(self, title: str, body: str) -> Issue:
        with explained(self._where, _RIGHT):
            return self._issue(self._api.post(self._issues, {"title": title, "description": body}))

    def update(self, issue: Issue, title: str, body: str, *, is_open: bool) -> Issue:
        wanted = {"title": title, "description": body}
        if is_open != issue.is_open:
            wanted["state_event"] = "reopen" if is_open else "close"
        with explained(self._where, _RIGHT):
            return self._issue(self._api.put("PUT", f"{self._issues}/{issue.number}", wanted))

    def _issue(self, entry: Any) -> Issue:
        if not _is_issue(entry):
            raise Unclear(msg("GitLab's answer about an issue makes no sense"), code="bad_answer")
        url = entry.get("web_url")
        return Issue(
            number=entry["iid"],
            title=title if isinstance(title := entry.get("title"), str) else "",
            body=entry["description"] or "",
            is_open=entry.get("state") == "opened",
            mine=self._author.wrote(entry.get("author"), "username"),
            url=url if isinstance(url, str) else "",
        )


def _is_note(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("id"), int) and isinstance(entry.get("body"), str)


def _is_issue(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("iid"), int)
        and isinstance(entry.get("description", ...), str | None)
    )

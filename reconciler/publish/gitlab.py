"""Comments (notes) of a GitLab merge request (REST, v4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.errors import CredentialsError, NotFound, Refused, Unclear, UsageError
from reconciler.publish.comments import Comment
from reconciler.publish.http import Api

_PAGE = 100
_PAGES = 100


@dataclass(frozen=True, slots=True)
class Author:
    """Our identity: by number where the API tells it, else by name."""

    username: str
    id: int | None = None

    def wrote(self, user: object) -> bool:
        if not isinstance(user, dict):
            return False
        if self.id is not None:
            return user.get("id") == self.id
        name = user.get("username")
        return isinstance(name, str) and name.lower() == self.username.lower()


def headers(token: str) -> dict[str, str]:
    """What stands in each request."""
    return {"Accept": "application/json", "PRIVATE-TOKEN": token}


def identify(api: Api) -> Author:
    """Whose the token is; that of a project or group is a user's of its own. Raises `UsageError` for one that
    may not ask."""
    try:
        data = api.get("/user").data
    except (Refused, NotFound):
        raise UsageError(
            "this token may not ask whose it is, so our own comment could not be told from others",
            "use a project access token with the scope `api`, or say who writes with it: --author USERNAME",
        ) from None
    if not isinstance(data, dict) or not isinstance(data.get("id"), int):
        raise Unclear("GitLab did not say whose the token is", code="bad_answer")
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
        for page in range(1, _PAGES + 1):
            try:
                found = self._api.get(
                    self._notes, per_page=_PAGE, page=page, sort="asc", order_by="created_at"
                ).data
            except NotFound:
                raise self._unseen() from None
            except Refused as error:
                raise self._forbidden(error) from None
            if not isinstance(found, list):
                raise Unclear("GitLab's list of comments makes no sense", code="bad_answer")
            yield from (
                self._comment(entry) for entry in found if _is_note(entry) and not entry.get("system")
            )
            if len(found) < _PAGE:
                return
        raise Unclear(f"{self._where} has more than {_PAGE * _PAGES} comments", code="too_many")

    def create(self, body: str) -> Comment:
        try:
            return self._comment(self._api.post(self._notes, {"body": body}).data)
        except NotFound:
            raise self._unseen() from None
        except Refused as error:
            raise self._forbidden(error) from None

    def update(self, comment: Comment, body: str) -> Comment:
        try:
            return self._comment(self._api.put("PUT", f"{self._notes}/{comment.id}", {"body": body}).data)
        except Refused as error:
            raise self._forbidden(error) from None

    def delete(self, comment: Comment) -> None:
        try:
            self._api.put("DELETE", f"{self._notes}/{comment.id}")
        except NotFound:
            return
        except Refused as error:
            raise self._forbidden(error) from None

    def _comment(self, entry: Any) -> Comment:
        if not _is_note(entry):
            raise Unclear("GitLab's answer about a comment makes no sense", code="bad_answer")
        url = f"{self._url}#note_{entry['id']}" if self._url else ""
        return Comment(entry["id"], entry["body"], self._author.wrote(entry.get("author")), url)

    def _unseen(self) -> NotFound:
        return NotFound(
            f"{self._where} is not there, or this token may not see it",
            "the token needs the scope `api`; check --repository and --number",
            status=404,
            code="http_404",
        )

    def _forbidden(self, error: Refused) -> Exception:
        if error.status != 403:
            return error
        return CredentialsError(
            f"this token may not comment on {self._where}: {error.message}",
            "use a project access token with the scope `api` and the role Reporter or more",
        )


def _is_note(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("id"), int) and isinstance(entry.get("body"), str)

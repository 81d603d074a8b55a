"""Comments of a GitHub pull request, which are those of its issue (REST, 2022-11-28)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.errors import CredentialsError, NotFound, Refused, Unclear, UsageError
from reconciler.publish.comments import Comment
from reconciler.publish.http import Api

ACTIONS_BOT = "github-actions[bot]"
"""Who writes with the token that GitHub Actions gives to a job."""

_PAGE = 100
_PAGES = 100


@dataclass(frozen=True, slots=True)
class Author:
    """Our identity: by number where the API tells it, else by name."""

    login: str
    id: int | None = None

    def wrote(self, user: object) -> bool:
        if not isinstance(user, dict):
            return False
        if self.id is not None:
            return user.get("id") == self.id
        login = user.get("login")
        return isinstance(login, str) and login.lower() == self.login.lower()


def headers(token: str) -> dict[str, str]:
    """What stands in each request."""
    return {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def identify(api: Api, *, in_actions: bool) -> Author:
    """Whose the token is. That of GitHub Actions may not ask (403): there it is `github-actions[bot]`.

    Raises `UsageError` for a token of another app, which cannot ask either.
    """
    try:
        data = api.get("/user").data
    except (Refused, NotFound):
        if in_actions:
            return Author(ACTIONS_BOT)
        raise UsageError(
            "this token may not ask whose it is, so our own comment could not be told from others",
            "say who writes with it: --author LOGIN; an app's is its name with [bot] behind it",
        ) from None
    if not isinstance(data, dict) or not isinstance(data.get("id"), int):
        raise Unclear("GitHub did not say whose the token is", code="bad_answer")
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
        for page in range(1, _PAGES + 1):
            try:
                found = self._api.get(self._issue, per_page=_PAGE, page=page).data
            except NotFound:
                raise self._unseen() from None
            except Refused as error:
                raise self._forbidden(error) from None
            if not isinstance(found, list):
                raise Unclear("GitHub's list of comments makes no sense", code="bad_answer")
            yield from (self._comment(entry) for entry in found if _is_comment(entry))
            if len(found) < _PAGE:
                return
        raise Unclear(f"{self._where} has more than {_PAGE * _PAGES} comments", code="too_many")

    def create(self, body: str) -> Comment:
        try:
            return self._comment(self._api.post(self._issue, {"body": body}).data)
        except NotFound:
            raise self._unseen() from None
        except Refused as error:
            raise self._forbidden(error) from None

    def update(self, comment: Comment, body: str) -> Comment:
        try:
            return self._comment(
                self._api.put("PATCH", f"{self._comments}/{comment.id}", {"body": body}).data
            )
        except Refused as error:
            raise self._forbidden(error) from None

    def delete(self, comment: Comment) -> None:
        try:
            self._api.put("DELETE", f"{self._comments}/{comment.id}")
        except NotFound:
            return
        except Refused as error:
            raise self._forbidden(error) from None

    def _comment(self, entry: Any) -> Comment:
        if not _is_comment(entry):
            raise Unclear("GitHub's answer about a comment makes no sense", code="bad_answer")
        url = entry.get("html_url")
        return Comment(
            entry["id"],
            entry.get("body") or "",
            self._author.wrote(entry.get("user")),
            url if isinstance(url, str) else "",
        )

    def _unseen(self) -> NotFound:
        return NotFound(
            f"{self._where} is not there, or this token may not see it",
            "give the job `permissions: {pull-requests: write}`, and check --repository and --number",
            status=404,
            code="http_404",
        )

    def _forbidden(self, error: Refused) -> Exception:
        if error.status != 403:
            return error
        return CredentialsError(
            f"this token may not comment on {self._where}: {error.message}",
            "give the job `permissions: {pull-requests: write}`; jobs of forks only ever read",
        )


def _is_comment(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("id"), int)
        and isinstance(entry.get("body"), str | None)
    )

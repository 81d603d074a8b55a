"""Pages where a person looks at groups, opens an invite link, and changes things by hand."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from reconciler.language import msg, msg_p, said, spoken, tr, tr_n, tr_p

from . import forms, show
from .answers import Refused
from .cdn import Cdn
from .forms import FormRefused, Forms
from .group import REFUSALS, Group, Kind, Permissions, Person, lid_of
from .settings import Settings
from .webhooks import POSTED
from .world import World

_TEMPLATES = Path(__file__).parent / "templates"
_MAY = {"everyone": msg_p("who may do it", "everyone"), "admins": msg_p("who may do it", "admins")}
_KINDS = {
    "group": msg_p("what a group is", "group"),
    "community": msg_p("what a group is", "community"),
    "announcements": msg_p("what a group is", "announcements"),
}
_EVENT_WORDS = {
    "join": msg_p("what happened", "join"),
    "leave": msg_p("what happened", "leave"),
    "promote": msg_p("what happened", "promote"),
    "demote": msg_p("what happened", "demote"),
    "created": msg_p("what happened to a request", "created"),
    "rejected": msg_p("what happened to a request", "rejected"),
    "subject": msg_p("what changed", "subject"),
    "description": msg_p("what changed", "description"),
    "permissions": msg_p("what changed", "permissions"),
    "invite": msg_p("what changed", "invite"),
    "icon": msg_p("what changed", "icon"),
    "parent": msg_p("what changed", "parent"),
    "kind": msg_p("what changed", "kind"),
}
"""Kinds of events, and what changes of a group."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Pages:
    """Builds the Starlette application. Everything is autoescaped: subjects and messages are hostile."""

    def __init__(self, port: int, world: World, cdn: Cdn, settings: Settings) -> None:
        self._port = port
        self._world = world
        self._store = world.store
        self._cdn = cdn
        self._settings = settings
        self._forms = Forms(port)
        self._templates: Environment | None = None
        self.app = Starlette(
            routes=[
                self._route("/", self._index),
                self._route("/groups/{id}", self._group),
                self._route("/groups/{id}/{verb}", self._change, "POST"),
                self._route("/people", self._people),
                self._route("/people/{number}", self._person),
                self._route("/people/{number}/message", self._person_writes, "POST"),
                self._route("/people/{number}/adding", self._describe_person, "POST"),
                self._route("/events", self._events),
                Route("/webhooks.jsonl", self._webhooks),
                self._route("/join/{code}", self._invitation),
                self._route("/join/{code}", self._join, "POST"),
                Route("/mark.svg", _mark),
            ],
            exception_handlers={404: self._not_found},
        )

    def _route(self, path: str, endpoint: Endpoint, method: str = "GET") -> Route:
        async def guarded(request: Request) -> Response:
            try:
                return await endpoint(request)
            except FormRefused as refused:
                return self._page(
                    request, "message.html", refused.status, title=tr("Not done"), text=said(refused.text)
                )

        return Route(path, guarded, methods=[method])

    # Looking

    async def _index(self, request: Request) -> Response:
        groups = sorted(self._store.groups(), key=lambda group: (group.subject.casefold(), group.id))
        return self._page(request, "index.html", groups=groups)

    async def _group(self, request: Request) -> Response:
        group = self._store.get(request.path_params["id"])
        return await self._not_found(request, None) if group is None else self._group_page(request, group)

    async def _people(self, request: Request) -> Response:
        groups_of: dict[str, int] = {}
        for group in self._store.groups():
            for person in group.participants:
                groups_of[person] = groups_of.get(person, 0) + 1
        heard: dict[str, int] = {}
        for message in self._store.messages():
            if message.kind != "notice" and self._store.get(message.chat) is None:
                heard[message.chat] = heard.get(message.chat, 0) + 1
        special = self._store.people()
        numbers = sorted((groups_of.keys() | heard.keys() | special.keys()) - {self._world.account})
        people = [
            (self._store.person(number), groups_of.get(number, 0), heard.get(number, 0)) for number in numbers
        ]
        return self._page(request, "people.html", people=people)

    async def _person(self, request: Request) -> Response:
        person = request.path_params["number"]
        if not (person.isascii() and person.isdecimal() and len(person) <= 20):
            return await self._not_found(request, None)
        groups = [group for group in self._store.groups() if person in group.participants]
        return self._page(
            request,
            "person.html",
            person=person,
            groups=groups,
            messages=self._store.messages(person),
            special=self._store.person(person),
            lid=lid_of(person),
        )

    async def _events(self, request: Request) -> Response:
        return self._page(request, "events.html", events=self._world.outbox.events()[::-1])

    async def _webhooks(self, request: Request) -> Response:
        events = POSTED.get(request.query_params.get("dialect", "waha"))
        if events is None:
            return await self._not_found(request, None)
        lines = "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in events(self._world))
        return Response(lines, media_type="text/plain", headers={"X-Content-Type-Options": "nosniff"})

    async def _invitation(self, request: Request) -> Response:
        group = self._store.find_invite(request.path_params["code"])
        if group is None:
            return self._page(request, "join.html", 404, group=None, joined=None, typed="", error=None)
        joined = request.query_params.get("joined")
        inside = joined if joined in group.participants else None
        typed = request.query_params.get("number", "")
        return self._page(request, "join.html", group=group, joined=inside, typed=typed, error=None)

    # Changing

    async def _join(self, request: Request) -> Response:
        form = await self._forms.read(request)
        code = request.path_params["code"]
        group = self._store.find_invite(code)
        if group is None:
            return self._page(request, "join.html", 404, group=None, joined=None, typed="", error=None)
        try:
            person = forms.number(form)
        except FormRefused as refused:
            context = {
                "group": group,
                "joined": None,
                "typed": form.get("number", ""),
                "error": said(refused.text),
            }
            return self._page(request, "join.html", refused.status, **context)
        self._world.join(group, [person])
        return RedirectResponse(f"/join/{code}?joined={person}", 303)

    async def _change(self, request: Request) -> Response:
        group = self._store.get(request.path_params["id"])
        if group is None:
            return await self._not_found(request, None)
        form = await self._forms.read(request, files=1)
        try:
            await self._apply(group, request.path_params["verb"], form)
        except Refused as refused:
            return self._group_page(request, group, refused.status, said(refused.details))
        except FormRefused as refused:
            return self._group_page(request, group, refused.status, said(refused.text))
        finally:
            await form.close()
        return RedirectResponse(f"/groups/{group.id}", 303)

    async def _apply(self, group: Group, verb: str, form: FormData) -> None:
        match verb:
            case "subject":
                self._world.rename(group, forms.text(form, "subject"), by=group.creator)
            case "join":
                self._world.join(group, [forms.number(form)])
            case "approve" | "reject" as decision:
                self._world.decide(group, [forms.number(form)], decision == "approve")
            case "description":
                self._world.describe(group, str(form.get("description") or "").strip(), by=group.creator)
            case "permissions":
                values: dict[str, Any] = {name: form.get(name) for name in Permissions.__dataclass_fields__}
                values["approve_members"] = {"yes": True, "no": False}.get(str(values["approve_members"]))
                self._world.permit(group, _changed(group.permissions, values), by=group.creator)
            case "place":
                kind: Any = form.get("kind")
                if kind not in get_args(Kind):
                    raise FormRefused(400, msg("Choose what the group is."))
                self._world.place(group, kind, str(form.get("parent") or "") or None)
            case "remove":
                self._world.remove(group, [forms.number(form)])
            case "promote":
                self._world.promote(group, [forms.number(form)])
            case "demote":
                self._world.demote(group, [forms.number(form)])
            case "icon":
                picture = form.get("picture")
                data = await picture.read() if isinstance(picture, UploadFile) else b""
                if not data:
                    raise FormRefused(400, msg("Choose a picture: JPEG or PNG."))
                self._world.set_icon(group, data, None, by=group.creator)
            case "remove-icon":
                self._world.drop_icon(group, by=group.creator)
            case "invite":
                self._world.invite(group)
            case "revoke":
                self._world.revoke(group, by=group.creator)
            case "message":
                self._world.write(forms.number(form, "sender"), forms.text(form, "text"), group)
            case _:
                raise FormRefused(404, msg("Nothing of that name can be done here."))

    async def _person_writes(self, request: Request) -> Response:
        form = await self._forms.read(request)
        person = forms.digits(request.path_params["number"])
        self._world.write(person, forms.text(form, "text"), None)
        return RedirectResponse(f"/people/{person}", 303)

    async def _describe_person(self, request: Request) -> Response:
        form = await self._forms.read(request)
        person = forms.digits(request.path_params["number"])
        refusal, registered = str(form.get("refusal") or ""), str(form.get("registered") or "")
        try:
            known = forms.digits(registered) if registered else None
            hidden = form.get("hidden") == "yes"
            self._store.save_person(Person(person, int(refusal) if refusal else None, known, hidden))
        except ValueError as error:
            raise FormRefused(400, error.args[0]) from error
        return RedirectResponse(f"/people/{person}", 303)

    # Parts

    def _group_page(
        self, request: Request, group: Group, status: int = 200, error: str | None = None
    ) -> Response:
        return self._page(
            request,
            "group.html",
            status,
            group=group,
            messages=self._store.messages(group.id),
            parent=None if group.parent is None else self._store.get(group.parent),
            communities=[
                one for one in self._store.groups() if one.kind == "community" and one.id != group.id
            ],
            error=error,
        )

    async def _not_found(self, request: Request, _: Exception | None) -> Response:
        return self._page(
            request, "message.html", 404, title=tr("Not here"), text=tr("There is nothing at this address.")
        )

    def _page(self, request: Request, template: str, status: int = 200, **context: Any) -> Response:
        session, nonce = self._forms.session(request), secrets.token_urlsafe(16)
        html = (
            self._environment()
            .get_template(template)
            .render(
                account=self._world.account,
                refusals=REFUSALS,
                may=_MAY,
                kinds=_KINDS,
                event_words=_EVENT_WORDS,
                options=self._settings.options,
                base_url=f"http://127.0.0.1:{self._port}",
                token=self._forms.token(session),
                nonce=nonce,
                **context,
            )
        )
        policy = (
            f"default-src 'none'; img-src 'self' {self._cdn.base_url}; style-src 'nonce-{nonce}'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        headers = {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        response = HTMLResponse(html, status, headers)
        self._forms.remember(response, session)
        return response

    def _environment(self) -> Environment:
        if self._templates is None:
            loader = FileSystemLoader(_TEMPLATES)
            environment = Environment(
                loader=loader,
                autoescape=True,
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
            )
            environment.filters |= {
                "number": show.number,
                "moment": show.moment,
                "decimal": show.decimal,
                "notice": show.notice,
                "initials": show.initials,
                "colour": show.colour,
                "pieces": show.pieces,
                "icon_url": self._cdn.url,
            }
            environment.globals |= {"tr": tr, "tr_n": tr_n, "tr_p": tr_p, "spoken": spoken}
            self._templates = environment
        return self._templates


def _changed(permissions: Permissions, values: dict[str, Any]) -> Permissions:
    try:
        return permissions.changed(values)
    except ValueError as error:
        raise FormRefused(400, error.args[0]) from error


async def _mark(_: Request) -> Response:
    mark = (_TEMPLATES / "mark.svg").read_bytes()
    return Response(mark, media_type="image/svg+xml", headers={"X-Content-Type-Options": "nosniff"})

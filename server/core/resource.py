"""Live the life of a request: authenticate, permit, limit, parse, run, and commit once with the audit row."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

import flask_restful
from flask import Response, request
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from server.core import answers, idempotency, limits, problems, trail as trails
from server.core.access import PUBLIC, Actor, Permission
from server.core.columns import Expected
from server.core.db import close_reading, db, reading, writing
from server.core.declare import Declaration, declaration_of
from server.core.dump import entity_dumper, row_dumper
from server.core.errors import DomainError, NotFound
from server.core.here import the_app, the_request, things
from server.core.inputs import read_body, read_query, require_same
from server.core.listing import Page
from server.core.uow import unit_of_work, was_in_the_way

SAFE = ("GET", "HEAD")
# How often a unit of work is begun, where the database ended it because of another.
ATTEMPTS = 3

Successor = Callable[[Connection, uuid.UUID], uuid.UUID | None]

_successors: dict[str, Successor] = {}


def follow(parameter: str, successor: Successor) -> None:
    """Register how what a path parameter names is found again where it lives on as another (merged patients)."""
    _successors[parameter] = successor


class Api(flask_restful.Api):
    """Flask-RESTful without its error handling: Flask's own handlers decide everything."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.representations.clear()

    def error_router(self, original_handler: Callable[[Exception], Any], e: Exception) -> Any:
        return original_handler(e)


class Resource(flask_restful.Resource):
    """The base of all endpoints; a method reads `self.body` and `self.query` and answers with one of the verbs below.

    A method `before_post` (or another verb) does slow work, such as hashing, before the transaction is opened; what it
    returns is `self.prepared`. It is not asked where a key's answer is there to be given again.
    """

    representations: ClassVar[dict[str, Any]] = {}

    declaration: Declaration
    body: dict[str, Any]
    query: dict[str, Any]
    expected: Expected
    repeated: dict[str, Any]
    prepared: Any
    parent: Any

    def dispatch_request(self, *args: Any, **kwargs: Any) -> Response:
        """Run the method that the route names under its declaration."""
        request = the_request()
        is_safe = request.method in SAFE
        verb = "get" if is_safe else request.method.lower()
        declaration = declaration_of(type(self), verb)
        if declaration is None:
            raise RuntimeError(f"{verb} {request.path} has no declaration")
        self.declaration = declaration
        method: Callable[..., Response] = getattr(self, verb)
        _note_path(declaration, kwargs)
        if is_safe:
            return self._read(method, kwargs)
        is_counted_late = type(self).counted_as is not Resource.counted_as
        admit(declaration, is_counted=not is_counted_late)
        self.query, self.body, self.repeated = {}, {}, {}
        try:
            self.query = read_query(request, declaration)
            self.body, self.expected, self.repeated = read_body(request, declaration)
        finally:
            if is_counted_late:
                limits.check(declaration.rate, by=self.counted_as())
        return self._following(self._write, method, kwargs)

    def _read(self, method: Callable[..., Response], path: dict[str, Any]) -> Response:
        """Answer from the autocommit connection; one that died in the pool is replaced once."""
        try:
            return self._answer(method, path)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            close_reading()
            return self._answer(method, path)

    def _answer(self, method: Callable[..., Response], path: dict[str, Any]) -> Response:
        admit(self.declaration)
        self.query = read_query(the_request(), self.declaration)
        return self._following(self._show, method, path)

    def _show(self, method: Callable[..., Response], path: dict[str, Any]) -> Response:
        self._enter(path)
        return method(**path)

    def _following(
        self, step: Callable[..., Response], method: Callable[..., Response], path: dict[str, Any]
    ) -> Response:
        """Do a step; where the path leads nowhere, once more with the successors of what it names, if it has any."""
        try:
            return step(method, path)
        except NotFound:
            present = {name: _successor(name, value) or value for name, value in path.items()}
            if present == path:
                raise
        _note_path(self.declaration, present)
        return step(method, present)

    def _write(self, method: Callable[..., Response], path: dict[str, Any]) -> Response:
        prepare: Callable[..., Any] | None = getattr(self, f"before_{method.__name__}", None)
        trail = trails.current()
        claim = idempotency.claim_of(request, self.declaration, trail.actor)
        is_answered = prepare is not None and claim is not None and idempotency.is_answered(reading(), claim)
        self.prepared = prepare(**path) if prepare and not is_answered else None
        known = trail.collected()
        for attempts_left in reversed(range(ATTEMPTS)):
            try:
                return self._attempt(method, path, claim)
            except DBAPIError as error:
                if not (attempts_left and was_in_the_way(error)):
                    raise
                trail.restore(known)
        raise AssertionError("the last attempt answers or raises")

    def _attempt(
        self, method: Callable[..., Response], path: dict[str, Any], claim: idempotency.Claim | None
    ) -> Response:
        """Run the method once, with what was sent as a copy of its own: a method may take out of it what it needs."""
        sent = self.body, self.query
        self.body, self.query = _copied(self.body), _copied(self.query)
        try:
            return self._run_once(method, path, claim)
        finally:
            self.body, self.query = sent

    def _run_once(
        self, method: Callable[..., Response], path: dict[str, Any], claim: idempotency.Claim | None
    ) -> Response:
        with unit_of_work() as unit:
            kept = idempotency.find(unit.connection, claim) if claim else None
            self._enter(path)
            if kept is not None:
                kept.check_scope(unit.connection, self.actor)
                response = kept.response()
            else:
                response = self._run(method, path)
                db.session.flush()
                if claim and response.status_code < 400:
                    idempotency.keep(unit.connection, claim, response)
            unit.status = response.status_code
        return response

    @staticmethod
    def _run(method: Callable[..., Response], path: dict[str, Any]) -> Response:
        """Run the method; a refusal that had to change something is answered, and its change kept."""
        try:
            return method(**path)
        except DomainError as refusal:
            if not refusal.keeps_changes:
                raise
            return problems.of(refusal)

    def _enter(self, path: dict[str, Any]) -> None:
        """Find the parent that the declaration names, as `self.parent`; raise `NotFound` outside the caller's scope."""
        if self.declaration.within is not None:
            self.parent = self.declaration.within(self.connection, self.actor, self.declaration.permission, **path)

    def counted_as(self) -> str | None:
        """Return whom the rate limit counts, where the body tells; None leaves it to the user or the address.

        It is asked after the body was read, also when that failed.
        """
        return None

    @property
    def actor(self) -> Actor:
        """The signed-in caller."""
        actor = trails.current().actor
        if actor is None:
            raise RuntimeError("a public endpoint has no actor")
        return actor

    @property
    def viewer(self) -> Actor | None:
        """The signed-in caller of a public read that takes tokens, or None."""
        return trails.current().actor

    @property
    def connection(self) -> Connection:
        """The connection to read from: the autocommit one of a read, the transaction's own of a write."""
        return reading() if the_request().method in SAFE else writing()

    def show(self, found: Any, message: str = "", *, status: int = 200) -> Response:
        """Answer one entity, or an object that is dumped already."""
        data = found if isinstance(found, dict) or found is None else self._dump(found)
        if self.declaration.fixed:
            require_same(self.repeated, data or {})
        if isinstance(data, dict) and isinstance(data.get("id"), uuid.UUID):
            trails.current().about(data["id"])
        return answers.envelope(data, message=message, status=status)

    def created(self, found: Any, message: str, *, location: str | None = None) -> Response:
        """Answer 201 with `Location`."""
        response = self.show(found, message, status=201)
        object_id = trails.current().object_id
        response.headers["Location"] = location or f"{request.path.rstrip('/')}/{object_id}"
        return response

    def page(self, page: Page, *, dump: Callable[[Any], Any] | None = None) -> Response:
        """Answer one page of a list."""
        if self.declaration.out is None:
            raise RuntimeError("a list needs an output schema")
        data = [(dump or row_dumper(self.declaration.out, page.columns))(row) for row in page.rows]
        trails.current().listed(item["id"] for item in data)
        return answers.listed(page, data)

    def items(self, found: list[Any], message: str = "") -> Response:
        """Answer a short list that is never paged."""
        data = [item if isinstance(item, dict) else self._dump(item) for item in found]
        trails.current().listed(item["id"] for item in data if "id" in item)
        meta = {"page": 1, "per_page": max(len(data), 1), "total": len(data), "pages": 1, "next_cursor": None}
        response = answers.envelope(data, meta=meta, message=message)
        response.headers["X-Total-Count"] = str(len(data))
        return response

    def gone(self) -> Response:
        """Answer 204."""
        return answers.no_content()

    def _dump(self, entity: Any) -> dict[str, Any]:
        if self.declaration.out is None:
            raise RuntimeError("an answer needs an output schema")
        return entity_dumper(self.declaration.out)(entity)


def _copied(sent: Any) -> Any:
    """Return dicts and lists anew, all the way down; what they hold is as it was (a file that was sent stays one)."""
    if isinstance(sent, dict):
        return {name: _copied(value) for name, value in sent.items()}
    return [_copied(one) for one in sent] if isinstance(sent, list) else sent


def _successor(parameter: str, value: Any) -> uuid.UUID | None:
    return _successors[parameter](reading(), value) if parameter in _successors else None


def _note_path(declaration: Declaration, path: dict[str, Any]) -> None:
    """Note whom and what the path names, so that a refusal too says which chart was tried."""
    trail = trails.current()
    trail.action, trail.object_type = declaration.action, declaration.object_type
    rule = the_request().url_rule
    named = list(path.values())[-1] if path and rule and rule.rule.endswith(">") else None
    trail.about(named if isinstance(named, uuid.UUID) else None, patient_id=path.get("patient_id"))


def admit(declaration: Declaration, *, is_counted: bool = True) -> None:
    """Find out who calls, whether they may, and whether not too often."""
    things().declaration = declaration
    if declaration.permission is not PUBLIC or _looks_who_reads(declaration):
        if is_counted:
            limits.expect(declaration.rate)
        actor = authenticated()
        if isinstance(declaration.permission, Permission):
            actor.require(declaration.permission, *declaration.also)
    if is_counted:
        limits.check(declaration.rate)


def _looks_who_reads(declaration: Declaration) -> bool:
    """Whether a public read has a token; what else is public and takes one (signing out) judges it by its own rules."""
    return declaration.takes_token and request.method in SAFE and "Authorization" in request.headers


def authenticated() -> Actor:
    """Find out who calls, or raise 401."""
    authenticate: Callable[[], Actor] = the_app().extensions["authenticate"]
    trail = trails.current()
    trail.actor = authenticate()
    trail.actor_id = trail.actor.user_id
    return trail.actor

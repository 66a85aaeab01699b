"""Declare endpoints: one declaration drives the check, the parsing, the OpenAPI document, the index and the matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask
from marshmallow import Schema
from werkzeug.routing import Rule

from server.core.access import PUBLIC, Grid, Permission, Public
from server.core.errors import DomainError

UNSAFE = frozenset({"post", "put", "patch", "delete"})

Within = Callable[..., Any]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What one method of one resource promises."""

    permission: Permission | Public
    action: str
    also: tuple[Permission, ...] = ()
    takes_token: bool = False
    object_type: str = ""
    body: type[Schema] | None = None
    body_required: bool = True
    form: bool = False
    upload: bool = False
    upload_types: tuple[str, ...] = ()
    query: type[Schema] | None = None
    out: type[Schema] | None = None
    many: bool = False
    bare: bool = False
    media_type: str = "application/json"
    other_media_types: tuple[str, ...] = ()
    status: int = 200
    rate: str = "read"
    version: str | None = None
    within: Within | None = None
    fixed: tuple[str, ...] = ()
    idempotent: bool = False
    audited: bool = True
    problems: tuple[type[DomainError], ...] = ()
    summary: str = ""
    description: str = ""


def declares(permission: Permission | Public, **promises: Any) -> Callable[[F], F]:
    """Attach the declaration of a method: permission, schemas, status, rate class, audit action.

    `also` names further permissions that let a caller in; the method then asks what each of them may do.
    `takes_token` says that a public endpoint also looks at its caller's token; a read with one counts for that user.
    `upload` says that the body is a multipart form with a file; of `upload_types` it may be the file itself. `version`
    is "optional" or "required" where the method takes If-Match. `fixed` names what was said when the object was made
    and stays: a PUT may repeat it, and is refused where it says something else. `within` looks for the parent in the
    caller's scope before the method runs, and again before an idempotent answer is replayed.
    """

    def attach(method: F) -> F:
        verb = method.__name__
        doc = (method.__doc__ or "").strip()
        summary, _, description = doc.partition("\n")
        defaults = {
            "status": {"post": 201, "delete": 204}.get(verb, 200),
            "rate": "write" if verb in UNSAFE else "read",
            "idempotent": verb == "post" and permission is not PUBLIC,
        }
        declaration = Declaration(
            permission=permission,
            summary=summary.rstrip("."),
            description=" ".join(description.split()),
            **{**defaults, **promises},
        )
        method.declaration = declaration  # type: ignore[attr-defined]
        return method

    return attach


@dataclass(frozen=True)
class Endpoint:
    """One path and method with its declaration."""

    rule: Rule
    verb: str
    declaration: Declaration
    resource: type[Any]
    alias_of: str | None = None

    @property
    def path(self) -> str:
        """The path as OpenAPI writes it, `/patients/{patient_id}`."""
        return openapi_path(self.rule)


def openapi_path(rule: Rule) -> str:
    """Return a rule's path with `{name}` for each parameter."""
    return "".join(part if is_static else f"{{{part}}}" for is_static, part in _parts(rule))


def _parts(rule: Rule) -> Iterator[tuple[bool, str]]:
    for is_dynamic, part in rule._trace:
        yield not is_dynamic, part.removeprefix("|")


def declaration_of(resource: type[Any], verb: str) -> Declaration | None:
    """Return the declaration of a resource's method; HEAD runs under that of GET."""
    method = getattr(resource, "get" if verb.lower() == "head" else verb.lower(), None)
    declaration: Declaration | None = getattr(method, "declaration", None)
    return declaration


def endpoints(app: Flask) -> list[Endpoint]:
    """Return every endpoint of the application in the order of its routes."""
    found: list[Endpoint] = []
    aliases: dict[str, str] = app.extensions["aliases"]
    for rule in app.url_map.iter_rules():
        resource = getattr(app.view_functions[rule.endpoint], "view_class", None)
        for verb in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            declaration = declaration_of(resource, verb) if resource else None
            if resource and declaration:
                found.append(Endpoint(rule, verb.lower(), declaration, resource, aliases.get(rule.rule)))
    return found


def check_declarations(app: Flask, grid: Grid) -> None:
    """Stop the boot when a route has a method without a declaration or a docstring, or one that nobody is granted."""
    declared = {(endpoint.rule.rule, endpoint.verb.upper()): endpoint for endpoint in endpoints(app)}
    for rule in app.url_map.iter_rules():
        for verb in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            endpoint = declared.get((rule.rule, verb))
            if endpoint is None:
                raise RuntimeError(f"{verb} {rule.rule} has no declaration: add @declares(...) to its method")
            if not endpoint.declaration.summary:
                raise RuntimeError(f"{verb} {rule.rule} has no docstring, which is its summary in the documentation")
            for permission in (endpoint.declaration.permission, *endpoint.declaration.also):
                if isinstance(permission, Permission) and permission not in grid.cells:
                    raise RuntimeError(f"{verb} {rule.rule} needs {permission}, which no GRANTS table grants")

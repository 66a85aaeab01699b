"""The index, the documents and the health of the API over HTTP, below no prefix."""

from __future__ import annotations

import hmac
from typing import Any

from flask import Blueprint, Response, request

from server.core import answers, metrics, state
from server.core.access import PUBLIC
from server.core.declare import declares
from server.core.dump import to_json
from server.core.errors import NotFound, Unavailable
from server.core.limits import UNLIMITED
from server.core.resource import Api, Resource
from server.modules.auth import keys
from server.modules.meta import health, pages
from server.modules.meta.index import index
from server.modules.meta.openapi import document

blueprint = Blueprint("meta", __name__)
api = Api(blueprint)

_QUIET = {"audited": False, "object_type": "api"}
_HTML = {**_QUIET, "action": "meta.docs", "media_type": "text/html"}


def _html(body: str, policy: str) -> Response:
    if not state.settings().docs_enabled:
        raise NotFound
    response = Response(body, mimetype="text/html")
    response.headers["Content-Security-Policy"] = policy
    return response


def _title() -> str:
    return f"{state.settings().clinic_name} API"


class Index(Resource):
    """What there is."""

    @declares(PUBLIC, action="meta.index", **_QUIET)
    def get(self) -> Response:
        """List every endpoint with its permission and an example."""
        return answers.envelope(index(state.application(), answers.origin()))


class OpenApi(Resource):
    """The contract in machine-readable form."""

    @declares(PUBLIC, action="meta.openapi", bare=True, **_QUIET)
    def get(self) -> Response:
        """Show the OpenAPI 3.1 document."""
        if not state.settings().docs_enabled:
            raise NotFound
        return Response(to_json(document(state.application())), mimetype="application/json")


class SwaggerUi(Resource):
    """Interactive documentation."""

    @declares(PUBLIC, **_HTML)
    def get(self) -> Response:
        """Show Swagger UI; "Authorize" takes an e-mail and a password."""
        return _html(pages.swagger(_title()), pages.SWAGGER_POLICY)


class Redoc(Resource):
    """Documentation to read."""

    @declares(PUBLIC, **_HTML)
    def get(self) -> Response:
        """Show Redoc."""
        return _html(pages.redoc(_title()), pages.REDOC_POLICY)


class Problems(Resource):
    """All error codes."""

    @declares(PUBLIC, **_HTML)
    def get(self) -> Response:
        """Explain every error code."""
        return _html(pages.problems("Problems"), pages.PAGE_POLICY)


class Asset(Resource):
    """A file of the docs pages."""

    @declares(PUBLIC, **{**_HTML, "media_type": "application/octet-stream"})
    def get(self, name: str) -> Response:
        """Serve a script, style sheet or picture of the docs pages."""
        path = pages.asset(name) if state.settings().docs_enabled else None
        if path is None:
            raise NotFound
        response = Response(path.read_bytes(), mimetype=pages.TYPES[path.suffix])
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response


class Live(Resource):
    """Whether the process answers."""

    @declares(PUBLIC, action="meta.health", rate=UNLIMITED, **_QUIET)
    def get(self) -> Response:
        """Say that the process is alive; touches nothing."""
        return answers.envelope({"status": "alive"})


class Ready(Resource):
    """Whether requests can be served."""

    @declares(PUBLIC, action="meta.health", problems=(Unavailable,), **_QUIET)
    def get(self) -> Response:
        """Say whether database, migrations and Redis are ready."""
        is_ready, parts = health.readiness(state.application())
        if not is_ready:
            raise Unavailable("Not ready.", parts=parts)
        return answers.envelope({"status": "ready", "parts": parts})


class Health(Resource):
    """How things stand."""

    @declares(PUBLIC, action="meta.health", **_QUIET)
    def get(self) -> Response:
        """Summarise the health of the API for people."""
        return answers.envelope(health.summary(state.application()))


class Metrics(Resource):
    """What Prometheus scrapes."""

    @declares(PUBLIC, action="meta.metrics", media_type="text/plain", problems=(NotFound,), **_QUIET)
    def get(self) -> Response:
        """Show metrics to whoever brings `METRICS_TOKEN` as a bearer token; to others there is no such page."""
        token = state.settings().metrics_token
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token or not hmac.compare_digest(sent.encode(), token.encode()):
            raise NotFound
        return Response(metrics.exposition(), mimetype="text/plain")


class SigningKeys(Resource):
    """The public parts of the keys that sign tokens."""

    @declares(PUBLIC, action="meta.keys", bare=True, problems=(NotFound,), **_QUIET)
    def get(self) -> Response:
        """Show the public keys that tokens are signed by (RFC 7517); where a secret signs there is no such page."""
        public = keys.ring().public
        if not public:
            raise NotFound
        response = Response(to_json({"keys": public}), mimetype="application/json")
        response.headers["Cache-Control"] = "public, max-age=300"
        return response


_ROUTES: dict[str, Any] = {
    "/": Index,
    "/openapi.json": OpenApi,
    "/docs": SwaggerUi,
    "/redoc": Redoc,
    "/docs/problems": Problems,
    "/docs/assets/<name>": Asset,
    "/health/live": Live,
    "/health/ready": Ready,
    "/health": Health,
    "/metrics": Metrics,
    "/.well-known/jwks.json": SigningKeys,
}
for _path, _resource in _ROUTES.items():
    api.add_resource(_resource, _path)

"""Assemble the application: settings, extensions, errors, hooks, modules. The whole of it on one screen."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from flask import Blueprint, Flask, Response
from flask_cors import CORS
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from server import cli, registry
from server.config import Settings, load_settings
from server.core import metrics
from server.core.access import Grid
from server.core.db import db, init_db
from server.core.declare import check_declarations
from server.core.here import the_request
from server.core.hooks import WarnOfUntrustedForwarding, init_hooks
from server.core.jobs import init_jobs
from server.core.limits import init_limits
from server.core.logs import init_logs
from server.core.problems import init_problems
from server.core.storage import storage_of
from server.core.store import Store

EXPOSED = ["ETag", "Link", "Location", "Retry-After", "X-Request-ID", "X-Total-Count", "Idempotency-Replayed"]
MAX_JSON_BODY = 1024 * 1024


class Application(Flask):
    """Flask that does not ask of each function, each time it is called, whether it is a coroutine: none of ours is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application; a wrong setting or an undeclared endpoint stops it here, by name."""
    settings = settings or load_settings()
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    init_logs(settings.log_level)
    app = Application("polyclinic", static_folder=None, instance_path=str(settings.instance_path))
    app.config["MAX_CONTENT_LENGTH"] = MAX_JSON_BODY
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False  # a redirect would be an answer outside the envelope
    app.extensions.update(
        settings=settings,
        grid=Grid(),
        state={},
        store=Store(settings.redis_url) if settings.redis_url else None,
        storage=storage_of(settings),
        aliases={},
    )
    _init_cors(app, settings)
    init_hooks(app, settings)
    init_problems(app)
    init_limits(app, settings)
    init_db(app, uri=settings.database_uri, pool_size=settings.database_pool_size)
    Migrate(app, db, directory="migrations", render_as_batch=settings.database_uri.startswith("sqlite"))
    with app.app_context():
        metrics.watch(db.engine)
    _init_proxies(app, settings)
    cli.init_cli(app)
    init_jobs(app)
    for name in registry.MODULES:
        _add_module(app, name, settings)
    _add_aliases(app, settings)
    check_declarations(app, app.extensions["grid"])
    return app


def _add_module(app: Flask, name: str, settings: Settings) -> None:
    """Import a module's tables, grants and resources, and let it connect itself; `root` has what needs no prefix."""
    module = import_module(f"server.modules.{name}")
    module.init_module(app)
    if find_spec(f"server.modules.{name}.resources"):
        resources = import_module(f"server.modules.{name}.resources")
        blueprint: Blueprint = resources.blueprint
        app.register_blueprint(blueprint, url_prefix=None if name == "meta" else settings.api_prefix)
        root: Blueprint | None = getattr(resources, "root", None)
        if root is not None:
            app.register_blueprint(root)


def _add_aliases(app: Flask, settings: Settings) -> None:
    first_rules = {rule.rule: rule for rule in app.url_map.iter_rules()}
    for second, first in registry.ALIASES.items():
        rule = first_rules[settings.api_prefix + first]
        path = settings.api_prefix + second
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        app.add_url_rule(path, rule.endpoint, app.view_functions[rule.endpoint], methods=methods)
        app.extensions["aliases"][path] = settings.api_prefix + first


def _init_cors(app: Flask, settings: Settings) -> None:
    """Answer other origins as Flask-CORS decides, which looks at requests that name one."""
    CORS(
        app,
        origins=list(settings.allowed_origins),
        expose_headers=EXPOSED,
        supports_credentials=True,
        always_send=False,
        max_age=600,
    )
    decide: Callable[[Response], Response] = app.after_request_funcs[None].pop()  # type: ignore[assignment]

    def answer(response: Response) -> Response:
        return decide(response) if "HTTP_ORIGIN" in the_request().environ else response

    app.after_request(answer)


def _init_proxies(app: Flask, settings: Settings) -> None:
    """Believe as many forwarding proxies as the settings say, and no more."""
    hops = settings.trusted_proxies
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    elif settings.is_production:
        app.wsgi_app = WarnOfUntrustedForwarding(app.wsgi_app, app.extensions["state"])  # type: ignore[method-assign]

"""Build the docs pages: Swagger UI and Redoc from installed packages, no inline script, no foreign host."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from markupsafe import Markup

from server.core.errors import documented, title_of

# Public name -> (package, file below it). The packages are never imported.
_ASSETS = {
    "swagger-ui.css": ("flask_swagger_ui", "dist/swagger-ui.css"),
    "swagger-ui-bundle.js": ("flask_swagger_ui", "dist/swagger-ui-bundle.js"),
    "favicon-32x32.png": ("flask_swagger_ui", "dist/favicon-32x32.png"),
    "redoc.standalone.js": ("flask_openapi_redoc", "templates/redoc/js/redoc.standalone.js"),
}
_OWN = Path(__file__).parent / "static"
_OWN_ASSETS = frozenset({"docs.js", "redoc.js", "docs.css"})
TYPES = {".css": "text/css", ".js": "text/javascript", ".png": "image/png"}

SWAGGER_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
REDOC_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src data:; connect-src 'self'; worker-src blob:; frame-ancestors 'none'; base-uri 'none'"
)
PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"


def asset(name: str) -> Path | None:
    """Return the file of a public asset name, or None."""
    if name in _OWN_ASSETS:
        return _OWN / name
    if name not in _ASSETS:
        return None
    package, below = _ASSETS[name]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / below


def _page(title: str, head: Markup, body: Markup) -> str:
    return Markup(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
        '<link rel="icon" href="/docs/assets/favicon-32x32.png">\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'
    ).format(title=title, head=head, body=body)


def swagger(title: str) -> str:
    """Return the Swagger UI page."""
    return _page(
        title,
        Markup('<link rel="stylesheet" href="/docs/assets/swagger-ui.css">'),
        Markup(
            '<div id="swagger-ui"></div>\n<script src="/docs/assets/swagger-ui-bundle.js"></script>\n'
            '<script src="/docs/assets/docs.js"></script>'
        ),
    )


def redoc(title: str) -> str:
    """Return the Redoc page."""
    return _page(
        title, Markup('<script type="module" src="/docs/assets/redoc.js"></script>'), Markup('<div id="redoc"></div>')
    )


def problems(title: str) -> str:
    """Return the page that explains every error code."""
    row = Markup('<tr id="{code}"><td><code>{code}</code></td><td>{status} {title}</td><td>{text}</td></tr>')
    rows = Markup("\n").join(
        row.format(
            code=cls.code, status=cls.status, title=title_of(cls.status), text=" ".join((cls.__doc__ or "").split())
        )
        for cls in sorted(documented(), key=lambda cls: (cls.status, cls.code))
    )
    table = Markup(
        "<h1>{title}</h1>\n<p>Every error is a problem document (RFC 9457). Its <code>code</code> is one of these and "
        "does not change; <code>errors</code> names the fields to blame.</p>\n"
        "<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>\n{rows}\n</tbody></table>"
    ).format(title=title, rows=rows)
    return _page(title, Markup('<link rel="stylesheet" href="/docs/assets/docs.css">'), table)

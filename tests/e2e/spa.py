"""A small application for browsers, served from an origin of its own."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

PAGE = (
    b"<!doctype html><meta charset=utf-8><title>Clinic</title><link rel=icon href=data:,><script src=/app.js></script>"
)

# As a front end would do it: the access token in memory, the CSRF token in the tab, the refresh token out of reach.
SCRIPT = """
let access = null;
const answers = [];

async function call(api, path, { method = 'POST', headers = {}, body } = {}) {
  const sent = { method, headers: { ...headers }, credentials: 'include' };
  if (access) sent.headers.Authorization = `Bearer ${access}`;
  if (body) { sent.headers['Content-Type'] = 'application/json'; sent.body = JSON.stringify(body); }
  const answer = await fetch(`${api}/api/v1${path}`, sent);
  const text = await answer.text();
  answers.push(text);
  return { status: answer.status, ...(text ? JSON.parse(text) : {}) };
}

function keep(answer) {
  if (answer.status === 200) {
    access = answer.data.access_token;
    sessionStorage.setItem('csrf', answer.data.csrf_token);
  }
  return answer;
}

const csrf = () => ({ 'X-CSRF-Token': sessionStorage.getItem('csrf') });
const signIn = async (api, identifier, password) =>
  keep(await call(api, '/auth/login', { body: { identifier, password, cookie: true } }));
const me = (api) => call(api, '/auth/me', { method: 'GET' });

async function refresh(api, headers = csrf()) {
  access = null;
  return keep(await call(api, '/auth/refresh', { headers }));
}

async function signOut(api, headers = csrf()) {
  access = null;
  return call(api, '/auth/logout', { headers });
}

const readable = () => [document.cookie, document.documentElement.outerHTML, JSON.stringify({ ...localStorage }),
  JSON.stringify({ ...sessionStorage }), ...answers].join('\\n');
"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        script = self.path == "/app.js"
        body = SCRIPT.encode() if script else PAGE
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if script else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


class Spa:
    """Serve the application on a port of its own."""

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def origin(self) -> str:
        """Return its origin."""
        return f"http://localhost:{self._server.server_address[1]}"

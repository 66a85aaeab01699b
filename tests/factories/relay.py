"""Stand between the application and Redis, so that a test can cut the line and mend it without ending the server."""

import contextlib
import socket
import threading
from typing import Any

from sqlalchemy import make_url


class Relay:
    """Pass bytes between a port of its own and a Redis."""

    def __init__(self, redis_url: str) -> None:
        path, _, query = redis_url.partition("?")
        self._target: Any
        if path.startswith("unix://"):
            self._family, self._target = socket.AF_UNIX, path.removeprefix("unix://")
            number = query.removeprefix("db=")
        else:
            url = make_url(redis_url)
            self._family, self._target = socket.AF_INET, (url.host or "localhost", url.port or 6379)
            number = url.database or "0"
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.port = 0
        self.mend()
        self.url = f"redis://127.0.0.1:{self.port}/{number}"

    def mend(self) -> None:
        """Listen again, on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """End every connection and refuse new ones, as a server that was killed does."""
        if self._listener is not None:
            # Closing alone would leave the thread in accept(), which still takes the next caller.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(self._family)
                far.connect(self._target)
                self._open += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            sink.sendall(block)
        sink.shutdown(socket.SHUT_WR)

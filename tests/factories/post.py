"""Take mail as an SMTP server does, on a port that nobody else gets before it opens."""

import asyncio
import socket
import threading
from typing import Any

from aiosmtpd.controller import Controller

from tests.live import PATIENCE


class Inbox:
    """Keep what it is given; who brings more than it has room for is held and never answered."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.received: list[Any] = []
        self.is_holding = threading.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's own name
        if len(self.received) >= self.room:
            self.is_holding.set()
            await asyncio.Event().wait()
        self.received.append(envelope)
        return "250 OK"


class Post(Controller):
    """An SMTP server: away, and its calls refused, until it opens."""

    def __init__(self, *, room: int = 1000) -> None:
        self._held = socket.socket()
        self._held.bind(("127.0.0.1", 0))
        self.inbox = Inbox(room)
        port = self._held.getsockname()[1]
        super().__init__(self.inbox, hostname="127.0.0.1", port=port, ready_timeout=PATIENCE)
        self.url = f"smtp://127.0.0.1:{port}"

    def open(self) -> None:
        """Take calls from here on."""
        self.start()

    def close(self) -> None:
        """Be gone."""
        self.stop(no_assert=True)
        self._held.close()

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._held.dup())

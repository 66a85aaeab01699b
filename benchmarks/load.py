"""Send prepared requests over keep-alive connections for a while, as fast as the answers come."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Load:
    """What came back: how many answers of which status, how long each took, how long it all took."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def requests(self) -> int:
        """How many were answered."""
        return sum(self.statuses.values())

    @property
    def per_second(self) -> float:
        """How many were answered in a second."""
        return self.requests / self.seconds


def request(method: str, path: str, token: str = "", body: object = None) -> bytes:
    """Return the bytes of one request."""
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Accept: application/json"]
    if token:
        head.append(f"Authorization: Bearer {token}")
    if body is not None:
        head += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + content


class _Sender(asyncio.Protocol):
    """One connection: it sends the next request when the answer to the one before is whole."""

    def __init__(self, work: Iterator[bytes], load: Load, ends_at: float) -> None:
        self._work, self._load, self._ends_at = work, load, ends_at
        self._buffer = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"\r\ncontent-length:")
        if at < 0:
            self._fail(f"an answer without a length: {self._buffer[:200]!r}")
            return
        length = int(head[at + 17 :].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        self._load.statuses[int(head[9:12])] += 1
        self._load.latencies.append(time.perf_counter() - self._sent_at)
        self._buffer = b""
        if b"\r\nconnection: close" in head:
            self._fail("the server closes connections; it must keep them")
            return
        self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.done.done():
            self._fail("the server broke off a connection")

    def _next(self) -> None:
        now = time.perf_counter()
        wanted = next(self._work, None) if now < self._ends_at else None
        if wanted is None:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = now
        self._transport.write(wanted)  # type: ignore[attr-defined]

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(why))
        self._transport.close()


async def _drive(port: int, work: Iterator[bytes], connections: int, seconds: float) -> Load:
    load, loop = Load(), asyncio.get_running_loop()
    began = time.perf_counter()
    senders = []
    for _ in range(connections):
        _, sender = await loop.create_connection(lambda: _Sender(work, load, began + seconds), "127.0.0.1", port)
        senders.append(sender.done)
    await asyncio.gather(*senders)
    load.seconds = time.perf_counter() - began
    return load


def drive(port: int, requests: Iterable[bytes], *, connections: int = 8, seconds: float = 3600.0) -> Load:
    """Send requests until the time is up or, where they end, the last is answered."""
    return asyncio.run(_drive(port, iter(requests), connections, seconds))

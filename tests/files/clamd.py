"""A stand-in for ClamAV's daemon: it speaks INSTREAM, and finds what is called EICAR."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIGNATURE = "Win.Test.EICAR_HDB-1"


class _Session(socketserver.StreamRequestHandler):
    """One connection: one command, one answer."""

    def handle(self) -> None:
        daemon: Clamd = self.server.daemon_
        command = b""
        while not command.endswith(b"\0"):
            byte = self.rfile.read(1)
            if not byte:
                return
            command += byte
        assert command == b"zINSTREAM\0", command
        content = b""
        while size := int.from_bytes(self.rfile.read(4)):
            content += self.rfile.read(size)
            if len(content) > daemon.longest:
                self.wfile.write(daemon.too_long)
                return  # with more of it on the line, which is closed
        daemon.scanned.append(content)
        self.wfile.write(daemon.answer_to(content))


class Clamd:
    """What was scanned, and what is answered."""

    def __init__(self) -> None:
        self.url = ""
        self.scanned: list[bytes] = []
        self.always: bytes | None = None
        self.longest = 25 * 1024 * 1024
        self.too_long = b"INSTREAM size limit exceeded. ERROR\0"

    def answer_to(self, content: bytes) -> bytes:
        """Return the verdict on some bytes."""
        if self.always is not None:
            return self.always
        return f"stream: {SIGNATURE} FOUND\0".encode() if b"EICAR" in content else b"stream: OK\0"


@contextmanager
def clamd(socket_path: Path | None = None) -> Iterator[Clamd]:
    """Run a daemon on a free port, or on a socket of the file system."""
    daemon = Clamd()
    kind: Any = socketserver.ThreadingUnixStreamServer if socket_path else socketserver.ThreadingTCPServer
    with kind(str(socket_path) if socket_path else ("127.0.0.1", 0), _Session) as server:
        server.daemon_threads = True
        server.daemon_ = daemon
        daemon.url = f"unix://{socket_path}" if socket_path else f"tcp://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield daemon
        finally:
            server.shutdown()
            thread.join()


def nobody_there() -> str:
    """Return the address of a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"tcp://127.0.0.1:{taken.getsockname()[1]}"

"""Hold a line to Redis for each thread, for the question that every request asks (ADR 17).

A client of redis-py takes a connection from its pool for each command, looks whether it is still good, and keeps count
of it all. Here a thread keeps one connection of redis-py, and sends and reads on it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import redis
from redis.connection import AbstractConnection


class Line:
    """Connections like those of a pool, each held by the thread that asked for it."""

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self._pool = pool
        self._held = threading.local()

    def ask(self, command: Sequence[str | int]) -> Any:
        """Send a command and return the answer; one that finds its connection closed by the other side goes again."""
        connection = self._connection()
        was_open = connection.is_connected
        try:
            return _exchange(connection, command)
        except redis.ConnectionError:
            if not was_open:
                raise
            return _exchange(connection, command)

    def _connection(self) -> AbstractConnection:
        connection: AbstractConnection | None = getattr(self._held, "connection", None)
        if connection is None:
            connection = self._held.connection = self._pool.connection_class(**self._pool.connection_kwargs)
        return connection


def _exchange(connection: AbstractConnection, command: Sequence[str | int]) -> Any:
    """Send and read; an error closes the connection, and the next command opens it again."""
    speaker: Any = connection  # redis-py says no types of these
    speaker.send_packed_command(speaker.pack_command(*command), check_health=False)
    return speaker.read_response()

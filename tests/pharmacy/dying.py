"""The application as a server loads it, but for one thing: its process kills itself in the middle of a sale.

The file that `DIE_AT` names says where; once it has been followed it is gone.
"""

import os
import signal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from server.modules.inventory import signals
from wsgi import app

__all__ = ["POINTS", "app"]

# After the stock has moved; before the payment is written; with all of it written; and with all of it committed.
POINTS = ("stock", "payment", "commit", "answer")

_ORDER = Path(os.environ["DIE_AT"])


def _die_at(point: str) -> None:
    if _ORDER.exists() and _ORDER.read_text() == point:
        _ORDER.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


@signals.stock_moved.connect
def _after_stock(_sender: object, **_moved: Any) -> None:
    _die_at("stock")


@event.listens_for(Engine, "before_cursor_execute")
def _before_payment(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    if statement.startswith("INSERT INTO sale_payments"):
        _die_at("payment")


@event.listens_for(Engine, "commit")
def _before_commit(_connection: Any) -> None:
    _die_at("commit")


@event.listens_for(Session, "after_commit")
def _before_answer(_session: Any) -> None:
    _die_at("answer")

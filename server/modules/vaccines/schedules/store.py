"""Keep the rules that were loaded; without any, the built-in ones are in force."""

from __future__ import annotations

import uuid
import zlib

import orjson
from sqlalchemy import Connection, select, update

from server.core.db import db
from server.modules.vaccines.engine import Rules, builtin_rules
from server.modules.vaccines.engine.codec import from_json, to_json
from server.modules.vaccines.models import ScheduleRules

_table = ScheduleRules.__table__


def current_rules(connection: Connection) -> Rules:
    """Return the rules in force. They are read once by each worker; which ones are in force is asked each time."""
    rules_id = connection.scalar(select(_table.c.id).where(_table.c.is_current))
    if rules_id is None:
        return builtin_rules()
    known = _read.get(rules_id)
    if known is None:
        body = connection.execute(select(_table.c.body).where(_table.c.id == rules_id)).scalar_one()
        known = from_json(orjson.loads(zlib.decompress(body)))
        _read.clear()
        _read[rules_id] = known
    return known


# The schedule in force, by the id of its row.
_read: dict[uuid.UUID, Rules] = {}


def load_rules(rules: Rules, *, sha256: str) -> bool:
    """Put rules in force in place of the ones before. False where the same ones are in force already."""
    body = zlib.compress(orjson.dumps(to_json(rules)))
    current = db.session.scalar(select(ScheduleRules).where(ScheduleRules.is_current).with_for_update())
    # The same file read by a later version of this program may say more.
    if current is not None and (current.sha256, current.body) == (sha256, body):
        return False
    db.session.execute(update(ScheduleRules).where(ScheduleRules.is_current).values(is_current=False))
    db.session.add(ScheduleRules(name=rules.name, edition=rules.edition, sha256=sha256, body=body))
    db.session.flush()
    return True

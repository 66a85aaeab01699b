"""Look into the database and the mail folder beside the application, and deliver what waits."""

import email
import email.policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from sqlalchemy import inspect, text

from server.core.db import db
from server.modules.notifications import service as notifications


def query(app: Flask, statement: str, **values: Any) -> list[dict[str, Any]]:
    """Run one SQL statement on a connection of its own and return its rows."""
    with app.app_context(), db.engine.begin() as connection:
        result = connection.execute(text(statement), values)
        return [dict(row) for row in result.mappings()] if result.returns_rows else []


def audit_rows(app: Flask) -> list[dict[str, Any]]:
    """Return the audit log's rows of requests, oldest first, without those that factories and jobs made."""
    table = db.metadata.tables["audit_logs"]
    with app.app_context(), db.engine.connect() as connection:
        found = connection.execute(table.select().where(table.c.method != "COMMAND").order_by(table.c.id))
        return [dict(row) for row in found.mappings()]


def everything(app: Flask) -> str:
    """Return all rows of all tables as one text, to search for what must not be there."""
    with app.app_context(), db.engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        rows = (row for table in tables for row in connection.execute(text(f'SELECT * FROM "{table}"')))
        return "\n".join(map(repr, rows))


def deliver(app: Flask) -> int:
    """Deliver the mails that are due."""
    with app.app_context():
        return notifications.deliver_due()


def mails(app: Flask) -> list[EmailMessage]:
    """Return the mails that were written as files, oldest first."""
    paths = sorted(app.extensions["settings"].mail_path.glob("*.eml"))
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]


def body_of(mail: EmailMessage) -> str:
    """Return the text of a mail."""
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content())


def token_in(mail: EmailMessage) -> str:
    """Return the token of the link in a mail."""
    link = next(word for word in body_of(mail).split() if word.startswith("http"))
    return parse_qs(urlsplit(link).query)["token"][0]

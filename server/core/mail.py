"""Send mail by SMTP or, without a server, as `.eml` files in a folder."""

from __future__ import annotations

import smtplib
import ssl
import uuid
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog
from email_validator import validate_email

from server.config import Settings
from server.core import clock
from server.core.ids import new_id

log = structlog.get_logger(__name__)


class Mailer(Protocol):
    """What delivers a message or raises OSError."""

    def send(self, message: EmailMessage) -> None:
        """Deliver one message."""


class SmtpMailer:
    """Deliver through the server of `SMTP_URL`: `smtp://user:password@host:587` (STARTTLS where offered) or `smtps://`."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def send(self, message: EmailMessage) -> None:
        """Deliver one message within 10 seconds."""
        host, is_tls = self._url.hostname or "localhost", self._url.scheme == "smtps"
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if is_tls:
            server = smtplib.SMTP_SSL(host, self._url.port or 465, timeout=10, context=context)
        else:
            server = smtplib.SMTP(host, self._url.port or 25, timeout=10)
        with server:
            if not is_tls and server.has_extn("starttls"):
                server.starttls(context=context)
            if self._url.username:
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(message)


class FileMailer:
    """Keep each message as an `.eml` file; the log names the file and nothing of its content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Write one message, readable by its owner only; it has its name once all of it is there."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{new_id()}.eml"
        unfinished = path.with_suffix(".part")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(bytes(message))
        unfinished.replace(path)
        log.info("mail_written", file=path.name)


def mailer_of(settings: Settings) -> Mailer:
    """Return the mailer that the settings ask for."""
    return SmtpMailer(settings.smtp_url) if settings.smtp_url else FileMailer(settings.mail_path)


def identify(settings: Settings, message: EmailMessage, message_id: uuid.UUID) -> EmailMessage:
    """Give a message the id that it keeps through all tries, so that a server can tell a repetition."""
    del message["Message-ID"]
    message["Message-ID"] = f"<{message_id}@{_domain(settings)}>"
    return message


def _domain(settings: Settings) -> str:
    return settings.mail_from.rpartition("@")[2]


def compose(settings: Settings, *, to: str, subject: str, text: str) -> EmailMessage:
    """Return a plain-text message from the clinic."""
    message = EmailMessage()
    message["From"] = Address(settings.clinic_name, addr_spec=settings.mail_from)
    message["To"] = Address(addr_spec=validate_email(to, check_deliverability=False).ascii_email or to)
    message["Subject"] = subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = make_msgid(domain=_domain(settings))
    message.set_content(text, cte="8bit")
    return message

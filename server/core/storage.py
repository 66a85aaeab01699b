"""Keep the bytes of files: in a folder, or in a bucket that speaks S3. A key is random and says nothing of the file.

What has a key is whole: a folder's file gets its name, and a bucket's object appears, once all of it is there.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

import structlog

from server.config import Settings, SettingsError
from server.core.errors import InsufficientStorage, Unavailable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

log = structlog.get_logger(__name__)

CHUNK = 64 * 1024
_KEY_BYTES = 32
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# What is read of a bucket's object at once.
_BLOCK = 1024 * 1024
# The client of S3 waits for "100 Continue" without end where nothing answers.
_PUT_SECONDS = 15


class FileMissing(Unavailable):
    """The bytes of this file are not where they were stored."""


class Storage(Protocol):
    """Where bytes lie; what fails is `Unavailable`, or `InsufficientStorage` where there is no room left."""

    def put(self, key: str, content: IO[bytes]) -> None:
        """Store what can be read from here on, under a new key."""

    def open(self, key: str) -> IO[bytes]:
        """Return a stream of what was stored, or raise `FileMissing`."""

    def remove(self, key: str) -> None:
        """Remove what was stored, whole or not; what is not there is no error."""


def new_key() -> str:
    """Return a key of 256 random bits, in one of 256 folders."""
    name = secrets.token_hex(_KEY_BYTES)
    return f"{name[:2]}/{name}"


class FolderStorage:
    """Files in a folder outside everything that is served, readable by the server alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, key: str, content: IO[bytes]) -> None:
        """Store what can be read from here on; it has its name once it is on the disk."""
        path = self._folder / key
        unfinished = _unfinished(path)
        with _answered():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                shutil.copyfileobj(content, out, CHUNK)
                out.flush()
                os.fsync(out.fileno())
            unfinished.replace(path)
            _sync(path.parent)

    def open(self, key: str) -> IO[bytes]:
        """Return a stream of what was stored."""
        with _answered():
            return (self._folder / key).open("rb")

    def remove(self, key: str) -> None:
        """Remove what was stored, whole or not."""
        path = self._folder / key
        with _answered():
            path.unlink(missing_ok=True)
            _unfinished(path).unlink(missing_ok=True)


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _sync(folder: Path) -> None:
    """Have the name of a new file survive a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


class BucketStorage:
    """Objects below a prefix of what fsspec reaches; it keeps a connection for each process."""

    def __init__(self, protocol: str, prefix: str, **options: Any) -> None:
        self._protocol = protocol
        self._prefix = prefix.strip("/")
        self._options = options
        self._failures: tuple[type[Exception], ...] = (OSError, *_failures_of_s3())

    def put(self, key: str, content: IO[bytes]) -> None:
        """Store what can be read from here on, in one request: what is sent in parts is completed when it breaks."""
        with _answered(self._failures):
            system = self._system
            try:
                system.pipe_file(self._path(key), content.read(), timeout=_PUT_SECONDS)
            except TimeoutError:
                system.clear_instance_cache()  # its client waits on, with one connection less
                raise

    def open(self, key: str) -> IO[bytes]:
        """Return a stream of what was stored."""
        with _answered(self._failures):
            opened = self._system.open(self._path(key), "rb", block_size=_BLOCK)
        return cast("IO[bytes]", io.BufferedReader(_Answering(opened, self._failures), _BLOCK))

    def remove(self, key: str) -> None:
        """Remove what was stored."""
        with _answered(self._failures):
            if self._system.exists(self._path(key)):
                self._system.rm_file(self._path(key))

    def _path(self, key: str) -> str:
        return f"{self._prefix}/{key}"

    @property
    def _system(self) -> Any:
        """What fsspec keeps for this process; one that was made before a fork would hang."""
        system = import_module("fsspec").filesystem(self._protocol, **self._options)
        system.retries = 1  # s3fs tries everything five times, around the tries of its client
        return system


class _Answering(io.RawIOBase):
    """A stream from a bucket: what fails while it is read is answered as what fails before."""

    def __init__(self, opened: Any, failures: tuple[type[Exception], ...]) -> None:
        self._opened = opened
        self._failures = failures

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        with _answered(self._failures):
            return int(self._opened.readinto(buffer))

    def close(self) -> None:
        self._opened.close()
        super().close()


def _failures_of_s3() -> tuple[type[Exception], ...]:
    """Return what the client of S3 raises, beside OSError, where it is installed."""
    if find_spec("botocore") is None:
        return ()
    return (import_module("botocore.exceptions").BotoCoreError,)


@contextmanager
def _answered(failures: tuple[type[Exception], ...] = (OSError,)) -> Iterator[None]:
    """Have what goes wrong with a store answered as 503 or 507; the log says what it was, never whose file."""
    try:
        yield
    except FileNotFoundError as error:
        log.error("file_missing", error=type(error).__name__)
        raise FileMissing from error
    except failures as error:
        number = getattr(error, "errno", None)
        log.error("file_storage_failed", error=type(error).__name__, number=number)
        raise (InsufficientStorage() if number in _FULL else Unavailable()) from error


def storage_of(settings: Settings) -> Storage:
    """Return the storage that the settings ask for; one that lacks its client stops the boot."""
    url = settings.file_storage_url
    if not url.startswith("s3://"):
        return FolderStorage(settings.file_path)
    if find_spec("s3fs") is None:
        raise SettingsError("FILE_STORAGE_URL: s3:// needs the package s3fs, which is not installed (pip install s3fs)")
    return BucketStorage("s3", url.removeprefix("s3://"), **_options_of(settings))


def _options_of(settings: Settings) -> dict[str, Any]:
    """Return what the client of S3 is told; without keys it looks for them where AWS's own tools do."""
    told = {
        "endpoint_url": settings.file_storage_endpoint,
        "key": settings.file_storage_key_id,
        "secret": settings.file_storage_secret_key,
    }
    options: dict[str, Any] = {name: value for name, value in told.items() if value}
    if settings.file_storage_region:
        options["client_kwargs"] = {"region_name": settings.file_storage_region}
    # A bucket that takes calls and never answers them costs ten seconds: less than the budget of a request.
    options["config_kwargs"] = {"connect_timeout": 3, "read_timeout": 5, "retries": {"total_max_attempts": 2}}
    return options

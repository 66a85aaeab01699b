"""Bytes are stored whole or not at all, in a folder or in a bucket; a storage that fails answers 503 or 507."""

import errno
import io
import stat
import sys

import fsspec
import pytest

from server.config import SettingsError, load_settings
from server.core.errors import InsufficientStorage, Unavailable
from server.core.storage import BucketStorage, FileMissing, FolderStorage, new_key, storage_of

CONTENT = bytes(range(256)) * 1000


@pytest.fixture(params=["folder", "bucket"])
def storage(request, tmp_path):
    """Give a storage of each kind, empty."""
    if request.param == "folder":
        return FolderStorage(tmp_path / "files")
    fsspec.filesystem("memory").store.clear()
    return BucketStorage("memory", "bucket/prefix")


def settings_with(tmp_path, **changes):
    environ = {"INSTANCE_DIR": str(tmp_path), "JWT_SECRET_KEY": "3d9f1c2ab7e84f6590a1b2c3d4e5f607", **changes}
    return load_settings(environ)


class Breaking(io.BytesIO):
    """A stream that breaks in the middle."""

    def __init__(self, error):
        super().__init__(CONTENT)
        self.error = error

    def read(self, size=-1):
        if self.tell() or size < 0:
            raise self.error
        return super().read(1000)


def test_what_was_stored_is_read_again(storage):
    key = new_key()
    storage.put(key, io.BytesIO(CONTENT))
    with storage.open(key) as opened:
        assert opened.read(10) == CONTENT[:10]
        assert opened.read() == CONTENT[10:]


def test_what_was_removed_is_gone_and_may_be_removed_again(storage):
    key, other = new_key(), new_key()
    storage.put(key, io.BytesIO(CONTENT))
    storage.put(other, io.BytesIO(b"x"))
    for _ in range(2):
        storage.remove(key)
    with pytest.raises(FileMissing):
        storage.open(key)
    with storage.open(other) as opened:
        assert opened.read() == b"x"


def test_keys_are_random_and_stay_below_the_folder(tmp_path):
    keys = {new_key() for _ in range(200)}
    assert len(keys) == 200
    for key in keys:
        folder, name = key.split("/")
        assert len(bytes.fromhex(name)) * 8 >= 128
        assert name.startswith(folder)
        assert len(key) <= 80


def test_only_the_server_reads_a_folder(tmp_path):
    key = new_key()
    FolderStorage(tmp_path / "files").put(key, io.BytesIO(CONTENT))
    path = tmp_path / "files" / key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.ENOSPC, InsufficientStorage), (errno.EDQUOT, InsufficientStorage), (errno.EIO, Unavailable)],
)
def test_a_folder_has_no_half_files(tmp_path, number, error):
    storage, key = FolderStorage(tmp_path), new_key()
    with pytest.raises(error):
        storage.put(key, Breaking(OSError(number, "broken")))
    with pytest.raises(FileMissing):
        storage.open(key)
    assert list(tmp_path.rglob("*.part"))
    storage.remove(key)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_bucket_has_no_half_objects():
    fsspec.filesystem("memory").store.clear()
    storage, key = BucketStorage("memory", "bucket/prefix"), new_key()
    with pytest.raises(Unavailable):
        storage.put(key, Breaking(OSError(errno.EIO, "broken")))
    with pytest.raises(FileMissing):
        storage.open(key)
    assert fsspec.filesystem("memory").store == {}


def test_what_fails_while_a_bucket_is_read_is_unavailable_too(monkeypatch):
    class Lost(io.BytesIO):
        def readinto(self, _buffer):
            raise ConnectionError

    monkeypatch.setattr(fsspec, "filesystem", lambda *_how, **_more: _Bucket(Lost()))
    with BucketStorage("s3", "bucket").open(new_key()) as opened, pytest.raises(Unavailable):
        opened.read()


def test_a_bucket_that_never_answers_is_waited_for_only_so_long(monkeypatch):
    bucket = _Bucket(None)
    monkeypatch.setattr(fsspec, "filesystem", lambda *_how, **_more: bucket)
    with pytest.raises(Unavailable):
        BucketStorage("s3", "bucket").put(new_key(), io.BytesIO(CONTENT))
    assert bucket.timeout < 30
    assert bucket.retries == 1
    assert bucket.is_forgotten


class _Bucket:
    """What fsspec gives for a bucket that hangs when something is put into it."""

    is_forgotten = False

    def __init__(self, content):
        self.content = content

    def open(self, _path, *_how, **_more):
        return self.content

    def pipe_file(self, _path, value, *, timeout):
        assert value == CONTENT
        self.timeout = timeout
        raise TimeoutError

    def clear_instance_cache(self):
        self.is_forgotten = True


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path):
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(Unavailable):
        FolderStorage(tmp_path / "files").put(new_key(), io.BytesIO(b"x"))


def test_the_folder_is_below_the_instance_unless_told(tmp_path):
    storage_of(settings_with(tmp_path)).put("aa/aa", io.BytesIO(b"x"))
    assert (tmp_path / "files" / "aa" / "aa").read_bytes() == b"x"
    elsewhere = tmp_path / "else where"
    storage_of(settings_with(tmp_path, FILE_STORAGE_URL=str(elsewhere))).put("aa/aa", io.BytesIO(b"y"))
    assert (elsewhere / "aa" / "aa").read_bytes() == b"y"


def test_a_bucket_without_its_client_stops_the_boot_and_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.setattr("server.core.storage.find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match=r"FILE_STORAGE_URL: .*pip install s3fs"):
        storage_of(settings_with(tmp_path, FILE_STORAGE_URL="s3://bucket/prefix"))


def test_a_bucket_is_told_where_and_who(tmp_path, monkeypatch):
    monkeypatch.setattr("server.core.storage.find_spec", lambda name: name == "s3fs" or None)
    storage = storage_of(
        settings_with(
            tmp_path,
            FILE_STORAGE_URL="s3://bucket/prefix",
            FILE_STORAGE_ENDPOINT="http://minio.internal:9000",
            FILE_STORAGE_REGION="eu-central-1",
            FILE_STORAGE_KEY_ID="id",
            FILE_STORAGE_SECRET_KEY="secret",
        )
    )
    asked = []

    def connect(protocol, **options):
        asked.append((protocol, options))
        return _Absent()

    monkeypatch.setattr(fsspec, "filesystem", connect)
    with pytest.raises(FileMissing):
        storage.open("aa/aa")
    protocol, options = asked[0]
    assert protocol == "s3"
    assert options["endpoint_url"] == "http://minio.internal:9000"
    assert (options["key"], options["secret"]) == ("id", "secret")
    assert options["client_kwargs"] == {"region_name": "eu-central-1"}


class _Absent:
    def open(self, path, *_how, **_more):
        assert path == "bucket/prefix/aa/aa"
        raise FileNotFoundError(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FILE_STORAGE_URL", "ftp://server/folder"),
        ("FILE_STORAGE_URL", "s3://UPPER CASE"),
        ("FILE_STORAGE_ENDPOINT", "minio"),
        ("CLAMD_URL", "http://clamav:3310"),
        ("CLAMD_URL", "tcp://clamav"),
        ("CLAMD_URL", "clamav:3310"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, name, value):
    with pytest.raises(SettingsError, match=name) as caught:
        settings_with(tmp_path, **{name: value})
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["tcp://clamav:3310", "tcp://10.0.0.7:3310", "tcp://[::1]:3310", "unix:///run/clamd.ctl"]
)
def test_where_a_scanner_may_be(tmp_path, value):
    assert settings_with(tmp_path, CLAMD_URL=value).clamd_url == value

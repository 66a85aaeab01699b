"""The scanner is spoken to as its protocol says, and whatever it answers is understood or refused."""

import io
import socket

import pytest

from server.modules.files.service import clamav
from tests.files.clamd import SIGNATURE, clamd, nobody_there

LARGE = bytes(range(256)) * 3000


@pytest.fixture(params=["tcp", "unix"])
def daemon(request, tmp_path):
    """Give a daemon that is reached by each kind of address."""
    with clamd(tmp_path / "clamd.sock" if request.param == "unix" else None) as running:
        yield running


def scan(url, content=b"x"):
    return clamav.scan(url, io.BytesIO(content))


@pytest.mark.parametrize("content", [b"harmless", b"", LARGE])
def test_all_of_a_file_is_scanned(daemon, content):
    assert scan(daemon.url, content).signature is None
    assert daemon.scanned == [content]


def test_what_is_found_is_named(daemon):
    assert scan(daemon.url, LARGE + b"EICAR").signature == SIGNATURE


def test_a_file_that_cannot_be_scanned_is_told_apart_from_a_scanner_that_is_away(daemon):
    daemon.always = b"INSTREAM size limit exceeded. ERROR\0"
    with pytest.raises(clamav.NotScanned, match="size limit"):
        scan(daemon.url)


@pytest.mark.parametrize(
    ("last_word", "why"), [(b"INSTREAM size limit exceeded. ERROR\0", "size limit"), (b"", "closed the line")]
)
def test_a_file_longer_than_the_scanner_takes_is_told_apart_too(daemon, last_word, why):
    daemon.longest, daemon.too_long = len(LARGE), last_word
    with pytest.raises(clamav.NotScanned, match=why):
        scan(daemon.url, LARGE * 20)
    assert scan(daemon.url, LARGE).signature is None
    assert daemon.scanned == [LARGE]


def test_a_file_that_cannot_be_read_is_no_fault_of_the_scanner(daemon):
    class Broken(io.BytesIO):
        def read(self, _size=-1):
            raise OSError("bad disk")

    with pytest.raises(clamav.NotScanned, match="cannot be read"):
        clamav.scan(daemon.url, Broken())


@pytest.mark.parametrize("answer", [b"", b"\0", b"stream: FINE\0", b"HTTP/1.1 400", b"OK\0", b"x" * 9000])
def test_an_answer_that_is_none_is_no_verdict(daemon, answer):
    daemon.always = answer
    with pytest.raises(clamav.ScannerAway):
        scan(daemon.url)


@pytest.mark.parametrize("url", ["unix:///nowhere/clamd.sock", "tcp://127.0.0.1:1"])
def test_nobody_there(url):
    with pytest.raises(clamav.ScannerAway):
        scan(url)
    with pytest.raises(clamav.ScannerAway):
        scan(nobody_there())


def test_a_daemon_that_hangs_is_waited_for_only_so_long(monkeypatch):
    monkeypatch.setattr(clamav, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(clamav.ScannerAway) as caught:
        scan(f"tcp://127.0.0.1:{silent.getsockname()[1]}")
    assert isinstance(caught.value.__cause__, TimeoutError)

"""Multipart forms are read in flat memory, held to the same rules as JSON, and refused above 10 MiB."""

import io
import tracemalloc

import pytest
from flask import Flask, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import create_environ

from server.core import uploads
from server.core.errors import BadRequest, Invalid, UnsupportedMediaType
from server.core.uploads import LARGEST_FILE, Upload, read_multipart

BOUNDARY = "----edge"


def part(name, content, *, filename=None, content_type=None):
    said = f'Content-Disposition: form-data; name="{name}"'
    said += f'; filename="{filename}"' if filename is not None else ""
    said += f"\r\nContent-Type: {content_type}" if content_type else ""
    return f"--{BOUNDARY}\r\n{said}\r\n\r\n".encode() + content + b"\r\n"


def form(*parts):
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


@pytest.fixture
def read():
    """Give a function that reads a form as a request of its own does, and looks at it before it is gone."""
    app = Flask("test")

    def run(body, look=dict, *, content_type=f"multipart/form-data; boundary={BOUNDARY}", stream=None):
        environ = create_environ(method="POST")
        environ |= {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(body))}
        environ["wsgi.input"] = stream or io.BytesIO(body)
        context = app.request_context(environ)
        with context:
            assert request.content_length == len(body)
            try:
                return look(read_multipart(request))
            finally:
                uploads.discard()

    return run


def shown(found):
    return {
        name: (value.name, value.declared_type, value.size, value.content.read())
        if isinstance(value, Upload)
        else value
        for name, value in found.items()
    }


def test_text_and_file(read):
    body = form(
        part("title", "Brief für Zoë".encode()), part("file", b"abc", filename="ä.png", content_type="image/png")
    )
    assert read(body, shown) == {"title": "Brief für Zoë", "file": ("ä.png", "image/png", 3, b"abc")}


def test_the_hash_is_that_of_the_content(read):
    found = read(form(part("file", b"abc", filename="x")), lambda found: found["file"].sha256)
    assert found == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_another_media_type_is_refused(read, content_type):
    with pytest.raises(UnsupportedMediaType):
        read(b"x", content_type=content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not multipart",
        form(part("file", b"abc", filename="x"))[:-12],
        b"--" + BOUNDARY.encode() + b"\r\nContent-Type: text/plain\r\n\r\nx\r\n--" + BOUNDARY.encode() + b"--\r\n",
        form(part("title", b"\xff\xfe")),
        form(part("title", b"a\x00b")),
        form(part("file", b"x", filename="a\x00b")),
        form(part("file", b"x", filename="x").replace(b'"x"', b'"\xff.png"')),
        form(part("file", b"x", filename="x").replace(b'filename="x"', b"filename*=UTF-8''%FF.png")),
    ],
)
def test_what_is_no_form_in_utf_8_is_refused(read, body):
    with pytest.raises(BadRequest):
        read(body)


def test_a_form_without_a_boundary_is_refused(read):
    with pytest.raises(BadRequest):
        read(form(part("title", b"x")), content_type="multipart/form-data")


@pytest.mark.parametrize(
    "parts",
    [
        [part("file", b"a", filename="a"), part("file", b"b", filename="b")],
        [part("file", b"a"), part("file", b"b", filename="b")],
        [part("file", b"a"), part("file", b"b")],
    ],
)
def test_a_name_twice_is_refused(read, parts):
    with pytest.raises(Invalid) as caught:
        read(form(*parts))
    assert set(caught.value.errors) == {"file"}


def test_ten_mebibytes_are_taken_and_one_byte_more_is_not(read):
    content = b"\r" * LARGEST_FILE
    assert read(form(part("file", content, filename="x")), lambda found: found["file"].size) == LARGEST_FILE
    with pytest.raises(RequestEntityTooLarge):
        read(form(part("file", content + b"\r", filename="x")))


@pytest.mark.parametrize("parts", [[part("title", b"x" * 200_000)], [part(f"f{n}", b"x") for n in range(50)]])
def test_endless_text_and_endless_parts_are_refused(read, parts):
    with pytest.raises(RequestEntityTooLarge):
        read(form(*parts))


def test_what_claims_to_be_larger_is_not_even_read(read):
    class Untouched(io.BytesIO):
        def read(self, *_size):
            raise AssertionError("it was read")

    with pytest.raises(RequestEntityTooLarge):
        read(b"x" * (LARGEST_FILE + 100_000), stream=Untouched())


def test_memory_is_flat(read):
    class Endless(io.RawIOBase):
        """Ten mebibytes that are nowhere in memory."""

        def __init__(self):
            self.head, self.left, self.tail = io.BytesIO(part("file", b"", filename="x")[:-2]), LARGEST_FILE, None
            self.tail = io.BytesIO(b"\r\n" + form())

        def read(self, size=-1):
            if found := self.head.read(size):
                return found
            if self.left:
                self.left -= (count := min(size, self.left))
                return b"x" * count
            return self.tail.read(size)

        def readinto(self, into):
            found = self.read(len(into))
            into[: len(found)] = found
            return len(found)

    length = range(len(part("file", b"", filename="x")) + LARGEST_FILE + len(form()))
    tracemalloc.start()
    try:
        size = read(length, lambda found: found["file"].size, stream=Endless())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == LARGEST_FILE
    assert peak < 2 * 1024 * 1024


def digest_of(read, body, boundary=BOUNDARY):
    content_type = f"multipart/form-data; boundary={boundary}"
    return read(
        body.replace(BOUNDARY.encode(), boundary.encode()), lambda _: uploads.digest(), content_type=content_type
    )


def test_the_digest_is_of_what_was_sent_and_not_of_how(read):
    title, file = part("title", b"x"), part("file", b"abc", filename="x.png", content_type="image/png")
    first = digest_of(read, form(title, file))
    assert digest_of(read, form(title, file), boundary="another") == first
    assert digest_of(read, form(file, title)) == first
    others = [
        form(part("title", b"y"), file),
        form(file),
        form(title, part("file", b"abd", filename="x.png", content_type="image/png")),
        form(title, part("file", b"abc", filename="y.png", content_type="image/png")),
        form(title, part("file", b"abc", filename="x.png", content_type="image/jpeg")),
        form(title, part("file", b"abc")),
    ]
    assert len({first, *(digest_of(read, body) for body in others)}) == 7


def test_what_was_taken_in_is_gone_with_the_request(read):
    kept = read(form(part("file", b"abc", filename="x")), lambda found: found["file"].content)
    with pytest.raises(ValueError, match="closed"):
        kept.read()

"""A file is what its content says, and its name and its declared type have to agree."""

import pytest

from server.modules.files.errors import FileDamaged, FileTypeMismatch, FileTypeNotAllowed
from server.modules.files.service.kinds import kind_of
from tests.files.samples import PDF, archive, image, upload_of

PNG, JPEG = image("PNG"), image("JPEG")


@pytest.mark.parametrize(
    ("name", "content", "declared", "kind"),
    [
        ("x.png", PNG, "image/png", "image/png"),
        ("x.PNG", PNG, "", "image/png"),
        ("x.jpg", JPEG, "image/jpeg", "image/jpeg"),
        ("Ünï cødé.Jpeg", JPEG, "image/jpeg", "image/jpeg"),
        ("a.b.pdf", PDF, "application/pdf", "application/pdf"),
        ("x.pdf", PDF.replace(b"1.4", b"2.0"), "", "application/pdf"),
    ],
)
def test_what_agrees_is_taken(name, content, declared, kind):
    assert kind_of(upload_of(name, content, declared), field="file") == kind


@pytest.mark.parametrize(
    ("name", "content", "declared", "error"),
    [
        ("x.exe", b"MZ\x90\x00", "application/octet-stream", FileTypeNotAllowed),
        ("x.gif", b"GIF89a", "image/gif", FileTypeNotAllowed),
        ("x", PNG, "image/png", FileTypeNotAllowed),
        (".png", PNG, "image/png", FileTypeNotAllowed),
        ("x.png.", PNG, "image/png", FileTypeNotAllowed),
        ("x.png ", PNG, "image/png", FileTypeNotAllowed),
        ("x.svg", b"<svg onload=alert(1)>", "image/svg+xml", FileTypeNotAllowed),
        ("x.png", PNG, "text/html", FileTypeNotAllowed),
        ("x.png", PNG, "application/octet-stream", FileTypeNotAllowed),
        ("x.png", JPEG, "image/png", FileTypeMismatch),
        ("x.jpg", PNG, "image/jpeg", FileTypeMismatch),
        ("x.png", PNG, "image/jpeg", FileTypeMismatch),
        ("x.jpg", JPEG, "application/pdf", FileTypeMismatch),
        ("x.pdf", PNG, "application/pdf", FileTypeMismatch),
        ("x.png", b"MZ\x90\x00" + PNG, "image/png", FileTypeMismatch),
        ("x.pdf", b"\n" + PDF, "application/pdf", FileTypeMismatch),
        ("x.pdf", b"<script>alert(1)</script>" + PDF, "application/pdf", FileTypeMismatch),
        ("x.pdf", archive(), "application/pdf", FileTypeMismatch),
        ("x.png", b"\x89PNG", "image/png", FileTypeMismatch),
    ],
)
def test_what_disagrees_is_refused(name, content, declared, error):
    with pytest.raises(error) as caught:
        kind_of(upload_of(name, content, declared), field="picture")
    assert caught.value.status == 422
    assert set(caught.value.errors) == {"picture"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.jpg", JPEG + archive()),
        ("x.png", PNG + archive(b"with a comment")),
        ("x.pdf", PDF + archive()),
        ("x.pdf", PDF + archive(b"\nstartxref\n0\n%%EOF\n")),
        ("x.png", PNG[:8] + b"....%PDF-1.4" + PNG[8:]),
        ("x.jpg", JPEG[:200] + b"%PDF-1.7" + JPEG[200:]),
    ],
)
def test_a_file_of_two_types_is_refused(name, content):
    with pytest.raises(FileTypeMismatch) as caught:
        kind_of(upload_of(name, content), field="file")
    assert caught.value.errors == {"file": ["The file is of two types at once."]}


def test_the_mark_of_an_archive_inside_a_picture_means_nothing():
    content = JPEG + b"PK\x05\x06" + b"\x00" * 40
    assert kind_of(upload_of("x.jpg", content), field="file") == "image/jpeg"


@pytest.mark.parametrize(
    "content",
    [
        PDF[: len(PDF) // 2],
        PDF.replace(b"%%EOF", b""),
        PDF.replace(b"startxref", b""),
        PDF + b"\0" * 4000,
        PDF.replace(b"%PDF-1.4", b"%PDF-x.4"),
    ],
)
def test_a_pdf_without_its_beginning_or_end_is_refused(content):
    with pytest.raises(FileDamaged):
        kind_of(upload_of("x.pdf", content), field="file")

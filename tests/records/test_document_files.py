"""The bytes of documents: what is refused, what is handed out and how, scans, repeats, and what is left behind."""

import io
import json
import re
import zipfile

import pytest

from server.core import state
from server.core.errors import Unavailable
from server.modules.files.service import keeping, scanning
from tests.factories.database import query
from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.files.clamd import clamd, nobody_there
from tests.files.samples import PDF, archive, image, lying_photo, png_of
from tests.patients.support import ids, path, refused
from tests.records.documents_support import bring, carer, doctor_of, item, release, send, with_chart
from tests.visits.support import walk_in

MIB = 1024 * 1024
LARGEST = PDF[:9] + b"%" + b" " * (10 * MIB - len(PDF) - 1) + PDF[9:]


@pytest.fixture
def patient(app):
    """Give a patient."""
    return make_patient(app)


@pytest.fixture
def doctor(app, patient):
    """Give the patient's doctor."""
    return doctor_of(app, patient)


def stored(app):
    """Return the files that lie in the folder."""
    folder = app.extensions["settings"].file_path
    return sorted(found for found in folder.rglob("*") if found.is_file()) if folder.is_dir() else []


def rows(app):
    return query(app, "SELECT status, scan FROM stored_files ORDER BY id")


REFUSED = [
    ("x.exe", b"MZ" * 50, "application/octet-stream", "file_type_not_allowed"),
    ("x.html", b"<script>alert(1)</script>", "text/html", "file_type_not_allowed"),
    ("x.svg", b"<svg/>", "image/svg+xml", "file_type_not_allowed"),
    ("x.zip", archive(), "application/zip", "file_type_not_allowed"),
    ("x.png", image("JPEG"), "image/png", "file_type_mismatch"),
    ("x.jpg", image("PNG"), "image/jpeg", "file_type_mismatch"),
    ("x.png", image("PNG"), "application/pdf", "file_type_mismatch"),
    ("x.pdf", image("PNG"), "application/pdf", "file_type_mismatch"),
    ("x.jpg", image("JPEG") + archive(), "image/jpeg", "file_type_mismatch"),
    ("x.jpg", image("JPEG", (300, 300))[:3000], "image/jpeg", "file_damaged"),
    ("x.png", image("PNG", (300, 300))[:3000], "image/png", "file_damaged"),
    ("x.pdf", PDF[:30], "application/pdf", "file_damaged"),
    ("x.png", png_of(60_000, 60_000, b"\0" * 1000), "image/png", "image_too_large"),
    ("x.png", b"", "image/png", "validation_failed"),
    ("../../etc/x.png", image("PNG"), "image/png", "validation_failed"),
    ("..\\\\x.png", image("PNG"), "image/png", "validation_failed"),  # in a header a backslash is written twice
    ("gnp.\u202exe.png", image("PNG"), "image/png", "validation_failed"),
    ("a\tb.png", image("PNG"), "image/png", "validation_failed"),
    ("<b>.png", image("PNG"), "image/png", "markup_not_allowed"),
    ("x" * 197 + ".png", image("PNG"), "image/png", "validation_failed"),
]


@pytest.mark.parametrize(
    ("file", "code"), [((content, name, declared), code) for name, content, declared, code in REFUSED]
)
def test_what_is_refused_leaves_nothing(app, doctor, patient, file, code):
    refused(send(doctor, patient, *file), 422, code, "file")
    assert ids(doctor.get(path(patient, "documents"))) == []
    assert rows(app) == []
    assert stored(app) == []


def test_a_form_without_a_file_and_one_with_two(doctor, patient):
    where, form = path(patient, "documents"), "multipart/form-data"
    refused(doctor.post(where, data={"title": "x"}, content_type=form), 422, "validation_failed", "file")
    refused(doctor.post(where, data={"file": "text"}, content_type=form), 422, "validation_failed", "file")
    two = {"file": [(io.BytesIO(PDF), "a.pdf"), (io.BytesIO(PDF), "b.pdf")]}
    refused(doctor.post(where, data=two, content_type=form), 422, "validation_failed", "file")
    beside = {"file": (io.BytesIO(PDF), "a.pdf"), "other": (io.BytesIO(PDF), "b.pdf")}
    refused(doctor.post(where, data=beside, content_type=form), 422, "validation_failed", "other")
    title = {"file": (io.BytesIO(PDF), "a.pdf"), "title": (io.BytesIO(b"x"), "b.txt")}
    refused(doctor.post(where, data=title, content_type=form), 422, "validation_failed", "title")


def test_ten_mebibytes_and_one_byte_more(app, doctor, patient):
    assert bring(doctor, patient, LARGEST)["size"] == 10 * MIB
    refused(send(doctor, patient, LARGEST[:9] + b" " + LARGEST[9:]), 413, "too_large")
    assert len(stored(app)) == 1
    assert len(rows(app)) == 1


def test_content_comes_back_byte_for_byte_and_is_never_shown(doctor, patient):
    name = "Röntgen; %225%22 <µ> 100%'s.pdf"  # browsers write a quotation mark so
    made = bring(doctor, patient, LARGEST, name, "application/pdf")
    answer = doctor.get(item(made, "content"))
    assert answer.status_code == 200
    assert answer.data == LARGEST
    headers = answer.headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Length"] == str(len(LARGEST))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "sandbox" in headers["Content-Security-Policy"]
    plain = "filename=\"Rontgen; '5' <> 100%'s.pdf\""
    whole = "filename*=UTF-8''R%C3%B6ntgen%3B%20%225%22%20%3C%C2%B5%3E%20100%25%27s.pdf"
    assert headers["Content-Disposition"] == f"attachment; {plain}; {whole}"
    assert "Accept-Ranges" not in headers


def test_head_tells_the_same_without_the_bytes(doctor, patient):
    made = bring(doctor, patient)
    got, head = doctor.get(item(made, "content")), doctor.head(item(made, "content"))
    assert head.data == b""
    own = {"X-Request-ID"}
    assert {k: v for k, v in head.headers if k not in own} == {k: v for k, v in got.headers if k not in own}


def test_a_preview_holds_nothing_but_the_picture(doctor, patient):
    made = bring(doctor, patient, lying_photo(), "photo.jpg")
    assert b"secret remark" in doctor.get(item(made, "content")).data
    answer = doctor.get(item(made, "preview"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    for word in (b"secret remark", b"Exif", b"Taken at home", b"profile"):
        assert word not in answer.data


def test_a_pdf_has_no_preview(doctor, patient):
    made = bring(doctor, patient)
    assert made["has_preview"] is False
    refused(doctor.get(item(made, "preview")), 404, "no_preview")


def test_stored_names_tell_nothing(app, doctor, patient):
    bring(doctor, patient, image("PNG"), "x-ray of Ida.png")
    found = stored(app)
    assert len(found) == 2
    for one in found:
        assert re.fullmatch(r"[0-9a-f]{64}", one.name)


def test_a_repeated_key_answers_as_the_first_time(doctor, patient):
    key, picture = {"Idempotency-Key": "upload-1"}, image("PNG")
    first = send(doctor, patient, picture, "x.png", headers=key, title="X")
    again = send(doctor, patient, picture, "x.png", headers=key, title="X")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.data == first.data
    for change in ({"title": "Y"}, {"content": image("PNG", (5, 5))}, {"name": "y.png"}):
        body = {"content": picture, "name": "x.png", "title": "X", **change}
        refused(send(doctor, patient, headers=key, **body), 422, "idempotency_key_reused")
    assert len(ids(doctor.get(path(patient, "documents")))) == 1


def test_a_repeated_key_stores_nothing_again(app, doctor, patient):
    key, picture = {"Idempotency-Key": "upload-3"}, image("PNG")
    made = send(doctor, patient, picture, "x.png", headers=key).json["data"]
    there = stored(app)
    assert len(there) == 2
    assert send(doctor, patient, picture, "x.png", headers=key).json["data"] == made
    refused(send(doctor, patient, picture, "y.png", headers=key), 422, "idempotency_key_reused")
    assert stored(app) == there
    assert [row["status"] for row in rows(app)] == ["kept"]


@pytest.mark.parametrize("when", [(86_399, True), (86_401, False)])
def test_a_key_in_its_last_minutes_finds_its_file_either_way(app, clock, doctor, patient, when):
    key = {"Idempotency-Key": "upload-4"}
    made = send(doctor, patient, headers=key).json["data"]
    seconds, is_kept = when
    clock.shift(seconds)
    again = send(signed_in(app, user=doctor.user), patient, headers=key)
    assert again.status_code == 201, again.text
    assert (again.json["data"]["id"] == made["id"]) is is_kept
    assert ("Idempotency-Replayed" in again.headers) is is_kept


def test_a_technician_who_does_not_read_gets_the_answer_again(app, patient):
    technician, key = carer(app, "technician", patient), {"Idempotency-Key": "upload-2"}
    first, again = (send(technician, patient, headers=key) for _ in range(2))
    assert again.data == first.data
    assert again.headers["Idempotency-Replayed"] == "true"


def test_what_a_rollback_leaves_behind_is_removed_after_an_hour(app, clock, doctor, patient):
    kept = bring(doctor, patient, image("PNG"), "kept.png")
    visit = walk_in(doctor, patient)
    assert doctor.post(f"/visits/{visit['id']}/complete").status_code == 200
    refused(send(doctor, patient, image("PNG"), "x.png", visit_id=visit["id"]), 409, "visit_closed")
    assert [row["status"] for row in rows(app)] == ["kept", "staged"]
    assert len(stored(app)) == 4
    clock.shift(3600)
    assert dropped(app) == 0
    clock.shift(1)
    assert dropped(app) == 1
    assert [row["status"] for row in rows(app)] == ["kept"]
    assert len(stored(app)) == 2
    assert signed_in(app, user=doctor.user).get(item(kept, "content")).status_code == 200


def test_the_removal_goes_on_where_it_was_interrupted(app, clock, doctor, patient, monkeypatch):
    refused(send(doctor, patient, visit_id=patient.id), 404, "not_found")
    clock.shift(3601)
    with app.app_context():
        storage = state.storage()

    def fail(_key):
        raise Unavailable

    with monkeypatch.context() as broken:
        broken.setattr(storage, "remove", fail)
        assert dropped(app) == 0
    assert [row["status"] for row in rows(app)] == ["dropped"]
    assert dropped(app) == 1
    assert (rows(app), stored(app)) == ([], [])


def dropped(app):
    with app.app_context():
        return keeping.drop_abandoned()


def test_a_storage_that_is_away_answers_503_and_keeps_no_row_in_the_chart(app, doctor, patient, monkeypatch):
    with app.app_context():
        storage = state.storage()

    def fail(*_args):
        raise Unavailable

    made = bring(doctor, patient)
    with monkeypatch.context() as broken:
        broken.setattr(storage, "put", fail)
        broken.setattr(storage, "open", fail)
        refused(send(doctor, patient), 503, "unavailable")
        refused(doctor.get(item(made, "content")), 503, "unavailable")
    assert ids(doctor.get(path(patient, "documents"))) == [made["id"]]
    assert doctor.get(item(made, "content")).data == PDF


def test_bytes_that_were_lost_answer_503(app, doctor, patient):
    made = bring(doctor, patient)
    for one in stored(app):
        one.unlink()
    refused(doctor.get(item(made, "content")), 503, "unavailable")


# Scans


@pytest.fixture
def scanner():
    """Give a scanner."""
    with clamd() as running:
        yield running


@pytest.fixture
def scanned_app(make_app, scanner):
    """Give an application that has its files scanned."""
    return make_app(CLAMD_URL=scanner.url)


def scan(app):
    with app.app_context():
        return scanning.scan_pending()


def related(app, patient):
    user = make_user(app, "doctor")
    relate(app, patient.id, user.id)
    return signed_in(app, user=user)


def test_a_file_is_handed_out_once_it_was_found_clean(scanned_app, scanner, patient):
    doctor = related(scanned_app, patient)
    made = bring(doctor, patient, image("PNG"), "x.png")
    assert made["scan"] == "pending"
    for below in ("content", "preview"):
        refused(doctor.get(item(made, below)), 409, "scan_pending")
        refused_head = doctor.head(item(made, below))
        assert refused_head.status_code == 409
    assert scan(scanned_app) == 1
    assert len(scanner.scanned) == 1
    assert doctor.get(item(made)).json["data"]["scan"] == "clean"
    assert doctor.get(item(made, "content")).data == scanner.scanned[0]
    assert doctor.get(item(made, "preview")).status_code == 200
    assert scan(scanned_app) == 0


def test_an_infected_file_is_never_handed_out_and_people_hear_of_it(scanned_app, patient):
    admin, doctor, nurse = signed_in(scanned_app, "admin"), related(scanned_app, patient), related(scanned_app, patient)
    made = bring(doctor, patient, PDF.replace(b"Catalog", b"EICAR"))
    assert scan(scanned_app) == 1
    for someone in (doctor, nurse):
        refused(someone.get(item(made, "content")), 409, "file_infected")
    refused(release(doctor, made), 409, "file_infected")
    assert doctor.get(item(made)).json["data"]["scan"] == "infected"
    for someone, expected in ((admin, 1), (doctor, 1), (nurse, 0)):
        told = [
            one["title"] for one in someone.get("/notifications").json["data"] if one["title"] == "Malware in a file"
        ]
        assert len(told) == expected
    assert scan(scanned_app) == 0


def test_while_the_scanner_is_away_files_wait(make_app, scanner, patient):
    away = make_app(CLAMD_URL=nobody_there())
    doctor = related(away, patient)
    made = bring(doctor, patient)
    assert scan(away) == 0
    refused(doctor.get(item(made, "content")), 409, "scan_pending")
    assert scan(make_app(CLAMD_URL=scanner.url)) == 1
    assert doctor.get(item(made, "content")).data == PDF


def test_one_file_that_cannot_be_scanned_does_not_stop_the_others(scanned_app, scanner, patient):
    doctor = related(scanned_app, patient)
    scanner.always = b"stream: Can't open file ERROR\0"
    first = bring(doctor, patient)
    assert scan(scanned_app) == 0
    scanner.always = None
    second = bring(doctor, patient)
    assert scan(scanned_app) == 2
    for made in (first, second):
        assert doctor.get(item(made, "content")).status_code == 200


def test_files_that_cannot_be_scanned_do_not_keep_the_others_from_it(scanned_app, scanner, patient, monkeypatch):
    doctor = related(scanned_app, patient)
    scanner.longest = MIB
    too_long = [bring(doctor, patient, LARGEST) for _ in range(2)]
    monkeypatch.setattr(scanning, "_AT_ONCE", 2)
    assert scan(scanned_app) == 0
    made = bring(doctor, patient)
    assert scan(scanned_app) == 1
    assert doctor.get(item(made, "content")).data == PDF
    assert scan(scanned_app) == 0
    for one in too_long:
        refused(doctor.get(item(one, "content")), 409, "scan_pending")
    scanner.longest = len(LARGEST)
    assert scan(scanned_app) == 2


@pytest.mark.parametrize("answer", [b"", b"stream: FINE\0"])
def test_a_file_over_which_the_scanner_falls_comes_last_in_the_next_run(
    scanned_app, scanner, patient, monkeypatch, answer
):
    doctor = related(scanned_app, patient)
    fatal = bring(doctor, patient)
    made = bring(doctor, patient, PDF.replace(b"44", b"45"))
    falls = PDF
    monkeypatch.setattr(scanner, "answer_to", lambda content: answer if content == falls else b"stream: OK\0")
    assert scan(scanned_app) == 0
    assert scan(scanned_app) == 1
    assert doctor.get(item(made, "content")).status_code == 200
    refused(doctor.get(item(fatal, "content")), 409, "scan_pending")


def test_what_nobody_keeps_is_not_scanned(scanned_app, scanner, patient):
    doctor = related(scanned_app, patient)
    refused(send(doctor, patient, visit_id=patient.id), 404, "not_found")
    assert scan(scanned_app) == 0
    assert scanner.scanned == []


# The export


def exported(someone, patient):
    answer = someone.get(path(patient, "export") + "?format=zip")
    assert answer.status_code == 200, answer.text
    return zipfile.ZipFile(io.BytesIO(answer.data))


def test_the_export_holds_what_the_patient_may_see(app):
    own, patient = with_chart(app)
    doctor = doctor_of(app, patient)
    bring(doctor, patient, title="Held")
    shown = bring(doctor, patient, image("PNG"), "Röntgen.png")
    assert release(doctor, shown).status_code == 200
    mine = bring(own, patient, name="mine.pdf")
    archived = exported(own, patient)
    names = {name for name in archived.namelist() if name.startswith("documents/")}
    assert names == {f"documents/{shown['id']}_Röntgen.png", f"documents/{mine['id']}_mine.pdf"}
    assert archived.read(f"documents/{mine['id']}_mine.pdf") == PDF
    listed = json.loads(archived.read("chart.json"))["documents"]
    assert {one["id"] for one in listed} == {shown["id"], mine["id"]}


def test_the_export_goes_on_where_bytes_were_lost(app):
    own, patient = with_chart(app)
    bring(own, patient)
    for one in stored(app):
        one.unlink()
    assert exported(own, patient).namelist() == ["chart.json"]

"""Files through the real server: streamed both ways, refused in time, two at once."""

import http.client
import json
from pathlib import Path

import pytest

from tests.factories.database import query
from tests.factories.people import API, make_patient
from tests.files.samples import PDF, image
from tests.patients.support import ids, path
from tests.patients.test_races import at_once, send
from tests.records.documents_support import bring, carer, doctor_of, item

MIB = 1024 * 1024
EDGE = "----edge"
DISPOSITION = 'Content-Disposition: form-data; name="file"; filename="x.pdf"'
HEAD = f"--{EDGE}\r\n{DISPOSITION}\r\nContent-Type: application/pdf\r\n\r\n".encode()
TAIL = f"\r\n--{EDGE}--\r\n".encode()
BLOCK = b" " * 65_536


def pdf_of(size):
    """Yield a PDF of so many bytes, in blocks."""
    yield PDF[:9] + b"%"
    left = size - len(PDF) - 1
    while left > 0:
        yield BLOCK[:left]
        left -= len(BLOCK)
    yield PDF[9:]


def upload(server, someone, patient, size, *, chunked=False):
    """Send a PDF of so many bytes over a socket; return status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {**someone.tokens.headers, "Content-Type": f"multipart/form-data; boundary={EDGE}"}
    if not chunked:
        headers["Content-Length"] = str(len(HEAD) + size + len(TAIL))

    def body():
        yield HEAD
        yield from pdf_of(size)
        yield TAIL

    try:
        connection.request("POST", f"{API}{path(patient, 'documents')}", body(), headers, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def fetch(server, someone, document):
    """Read a document over a socket, in blocks; return how many bytes came."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", f"{API}{item(document, 'content')}", headers=someone.tokens.headers)
        answer, size = connection.getresponse(), 0
        assert answer.status == 200
        while block := answer.read(65_536):
            size += len(block)
        return size
    finally:
        connection.close()


@pytest.fixture
def patient(app):
    """Give a patient."""
    return make_patient(app)


@pytest.fixture
def doctor(app, patient):
    """Give the patient's doctor."""
    return doctor_of(app, patient)


def rows(app):
    return query(app, "SELECT status FROM stored_files")


@pytest.mark.parametrize("chunked", [False, True])
def test_the_largest_file_is_taken_and_one_byte_more_is_not(live_server, app, doctor, patient, chunked):
    status, answer = upload(live_server, doctor, patient, 10 * MIB, chunked=chunked)
    assert status == 201, answer
    assert fetch(live_server, doctor, answer["data"]) == 10 * MIB
    status, answer = upload(live_server, doctor, patient, 10 * MIB + 1, chunked=chunked)
    assert (status, answer["code"]) == (413, "too_large")
    assert len(rows(app)) == 1


def test_who_stops_in_the_middle_leaves_nothing(live_server, app, doctor, patient):
    connection = http.client.HTTPConnection("127.0.0.1", live_server.port, timeout=30)
    headers = {**doctor.tokens.headers, "Content-Type": f"multipart/form-data; boundary={EDGE}"}
    connection.putrequest("POST", f"{API}{path(patient, 'documents')}")
    for name, value in {**headers, "Content-Length": str(5 * MIB)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(HEAD + PDF + BLOCK)
    connection.close()
    status, _ = upload(live_server, doctor, patient, 1000)
    assert status == 201
    assert len(rows(app)) == 1
    assert len(ids(doctor.get(path(patient, "documents")))) == 1


def highest_memory(server):
    """Return the most memory that a worker has had, in KiB."""
    found = []
    for pid in server.worker_pids:
        status = Path(f"/proc/{pid}/status").read_text()
        found.append(int(status.split("VmHWM:")[1].split()[0]))
    return max(found)


@pytest.mark.slow
def test_memory_is_flat_whatever_goes_through(live_server, doctor, patient):
    upload(live_server, doctor, patient, 100_000)
    before = highest_memory(live_server)
    answers = at_once(8, lambda _number: upload(live_server, doctor, patient, 10 * MIB))
    assert [status for status, _ in answers] == [201] * 8
    sizes = at_once(8, lambda number: fetch(live_server, doctor, answers[number][1]["data"]))
    assert sizes == [10 * MIB] * 8
    assert highest_memory(live_server) - before < 40 * 1024


def test_of_two_releases_one_is_late(live_server, app, doctor, patient):
    nurse = carer(app, "nurse", patient)
    for _ in range(4):
        made = bring(nurse, patient, image("PNG"), "x.png")
        answers = at_once(
            2, lambda _number, m=made: send(live_server, doctor, "POST", f"/documents/{m['id']}/release", {})
        )
        assert sorted(status for status, _ in answers) == [200, 409], answers

"""Whatever the API takes is printed, soon: the longest fields, symbols without a letter, tags nested deep."""

import time
import uuid
from datetime import timedelta
from typing import Any

import pytest

from server.core import clock as clocks
from server.core.pdf import Printout
from server.modules.visits.enums import VisitStatus
from tests.appointments.rows import appointment
from tests.chart.clinic import Clinic, make_clinic
from tests.chart.test_pdf_summary import pages_of, text_of
from tests.factories.charts import set_visit
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import refused

# No letter of the typeface, and the longest of names.
SYMBOL = "\U0001f92d"
NAMED = "[smiling face with smiling eyes and hand covering mouth"
ARABIC = "\u0645\u0631\u062d\u0628\u0627 "
# Far above what it takes, and far below what a machine under load makes of growth by the square.
SOON = 20


@pytest.fixture
def clinic(app) -> Clinic:
    """Give a patient at an open visit, and who cares for them."""
    return make_clinic(app)


def printed(clinic: Clinic) -> str:
    began = time.monotonic()
    text = text_of(clinic.doctor.get(f"{clinic.visit}/summary.pdf"))
    assert time.monotonic() - began < SOON
    return text


def named(app: Any, clinic: Clinic, **names: str) -> None:
    patient = make_patient(app, **names)
    relate(app, patient.id, clinic.doctor.user.id)
    set_visit(app, clinic.visit_id, patient_id=patient.id)


@pytest.mark.parametrize("letter", [SYMBOL, SYMBOL + "\U0001f98a", "W", "W ", "\u0645", "\u738b", "W" * 20 + " "])
def test_the_longest_names_are_printed(app, clinic, letter):
    def long(most: int) -> str:
        return (letter * most)[:most].strip().ljust(most, "z")

    named(app, clinic, first_name=long(100), last_name=long(100))
    sent = {
        "treatments": [{"name": long(200)}],
        "procedures": [{"name": long(300)}],
        "diagnoses": [{"display": long(300), "is_primary": True}, {"display": long(300)}],
    }
    assert clinic.doctor.post(clinic.chart, json=sent).status_code == 201
    text = printed(clinic)
    assert "Diagnoses" in text
    assert "Procedures" in text


def test_a_run_of_one_symbol_is_written_out_once(clinic):
    sent = {"treatments": [{"name": SYMBOL * 50}], "procedures": [{"name": f"ECG {SYMBOL}"}]}
    assert clinic.doctor.post(clinic.chart, json=sent).status_code == 201
    text = printed(clinic)
    assert f"{NAMED} \u00d750]" in text
    assert f"ECG {NAMED}]" in text


@pytest.mark.parametrize("letter", [SYMBOL, SYMBOL + "\U0001f98a", "x", "word ", "a\n", "\n", ARABIC, "\u0645"])
def test_the_longest_note_is_printed_soon(clinic, letter):
    text = "begin " + (letter * 50_000)[:49_000].rstrip() + " the end"
    note = clinic.doctor.post(f"{clinic.visit}/notes", json={"plan": text})
    assert note.status_code == 201, note.text
    assert clinic.doctor.post(f"{clinic.visit}/notes/{note.json['data']['id']}/sign").status_code == 200
    said = printed(clinic)
    assert "begin" in said
    assert "end" in said


@pytest.mark.parametrize(
    "markup",
    [
        SYMBOL * 10_000,
        (SYMBOL + "\U0001f98a") * 5_000,
        "&#x1F92D;" * 1_100,
        "<ul><li>" * 4 + "W" * 9_000 + "</li></ul>" * 4,
        "<blockquote>" * 8 + "W " * 4_000 + "</blockquote>" * 8,
        "<p>a</p>" * 1_250,
    ],
)
def test_the_longest_instructions_are_printed_soon(app, clinic, markup):
    assert clinic.doctor.post(clinic.chart, json={"visit": {"patient_instructions": markup}}).status_code == 201
    assert signed_in(app, "admin").patch("/clinic", json={"letterhead": markup}).status_code == 200
    assert "Instructions" in printed(clinic)


@pytest.mark.parametrize("markup", ["<ul><li>" * 36 + "x" + "</li></ul>" * 36, "a&#x202e;b", "&#8238;", "&#0;", "&#7;"])
def test_rich_text_that_no_print_can_show_is_refused(app, clinic, markup):
    sent = clinic.doctor.post(clinic.chart, json={"visit": {"patient_instructions": markup}})
    refused(sent, 422, "validation_failed", "visit.patient_instructions")
    admin = signed_in(app, "admin")
    head = admin.patch("/clinic", json={"letterhead": markup})
    refused(head, 422, "validation_failed", "letterhead")
    bio = admin.patch(f"/doctors/{clinic.doctor_id}", json={"bio": markup})
    refused(bio, 422, "validation_failed", "bio")


def test_tags_nested_deeper_than_is_taken_now_are_printed_without_them():
    printout = Printout(title="A print", footer_text="P1", author="A clinic")
    printout.rich("<ul><li>" * 36 + "one<br>two &lt;3" + "</li></ul>" * 36)
    (page,) = pages_of(printout.finished())
    assert "one\r\ntwo <3" in page


def test_lines_are_broken_at_spaces_and_nothing_is_lost():
    words = [f"word{number}" for number in range(500)]
    printout = Printout(title="A print", footer_text="P1", author="A clinic")
    printout.text_of("  " + " ".join(words) + "\n" + "x" * 1_000)
    page = "\n".join(pages_of(printout.finished()))
    found = page.split()
    assert found[:500] == words
    assert page.count("x") == 1_000
    assert max(map(len, page.splitlines())) < 150


def follow_ups(app: Any, clinic: Clinic, *days: int, **fields: Any) -> list[uuid.UUID]:
    begins = [clocks.now() + timedelta(days=day, minutes=-5) for day in days]
    return [appointment(app, clinic.doctor_id, clinic.patient.id, at, **fields) for at in begins]


def test_only_what_is_yet_to_come_follows_and_never_the_visits_own_appointment(app, clinic):
    (own,) = follow_ups(app, clinic, 0, status="in_progress", location="Room now")
    set_visit(app, clinic.visit_id, appointment_id=own)
    assert "What follows" not in printed(clinic)
    (ahead,) = follow_ups(app, clinic, 2, location="Room ahead")
    text = printed(clinic)
    assert "Room ahead" in text
    assert "Room now" not in text
    set_visit(app, clinic.visit_id, appointment_id=ahead)
    assert "What follows" not in printed(clinic)


def test_an_old_visit_does_not_list_what_was_agreed_on_since(app, clinic):
    follow_ups(app, clinic, 2, location="Room ahead")
    ended = clocks.now()
    set_visit(app, clinic.visit_id, status=VisitStatus.COMPLETED, started_at=ended, ended_at=ended)
    assert "Room ahead" in printed(clinic)
    long_ago = ended - timedelta(days=400)
    set_visit(app, clinic.visit_id, started_at=long_ago, ended_at=long_ago + timedelta(hours=1))
    assert "What follows" not in printed(clinic)


def test_printing_has_a_limit_of_its_own(make_app):
    app = make_app(RATE_LIMITS_FACTOR="1", RATE_PRINT="2 per minute")
    clinic = make_clinic(app)
    where = f"{clinic.visit}/summary.pdf"
    assert [clinic.doctor.get(where).status_code for _ in range(3)] == [200, 200, 429]
    assert clinic.doctor.get(clinic.visit).status_code == 200

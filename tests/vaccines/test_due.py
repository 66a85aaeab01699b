"""What is due is answered for a day, as an aid."""

import pytest

from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import path, refused
from tests.vaccines.support import HEP_B, child_of, record

FIELDS = {
    *("vaccine_group", "series_status", "dose_number", "earliest_on", "recommended_on", "past_due_on", "reason"),
}


def due(someone, patient, **query):
    answer = someone.get(path(patient, "vaccines/due"), query_string=query)
    assert answer.status_code == 200, answer.text
    return {one["vaccine_group"]: one for one in answer.json["data"]}


def test_it_says_that_it_is_an_aid(doctor, child):
    answer = doctor.get(path(child, "vaccines/due"))
    assert answer.json["message"].startswith("An aid")
    assert {frozenset(one) for one in answer.json["data"]} == {frozenset(FIELDS)}
    assert answer.json["meta"]["total"] == len(answer.json["data"]) == int(answer.headers["X-Total-Count"])


def test_the_day_decides(doctor, child):
    # Born on 1 December 2025: the first DTaP from six weeks on.
    before = due(doctor, child, as_of="2025-12-01")["DTaP/Tdap/Td"]
    assert before["dose_number"] == 1
    assert (before["earliest_on"], before["recommended_on"]) == ("2026-01-12", "2026-02-01")
    assert before["series_status"] == "not_complete"


def test_a_dose_moves_it_on(doctor, child):
    record(doctor, child, HEP_B, "2026-01-01")
    found = due(doctor, child)["HepB"]
    assert (found["dose_number"], found["earliest_on"]) == (2, "2026-01-29")
    # On the day before, nothing had been given.
    assert due(doctor, child, as_of="2025-12-31")["HepB"]["dose_number"] == 1


def test_what_was_not_given_moves_nothing(doctor, child):
    record(doctor, child, HEP_B, "2026-01-01", status="not_done", not_done_reason="Fever")
    assert due(doctor, child)["HepB"]["dose_number"] == 1


def test_a_day_before_birth(doctor, child):
    refused(doctor.get(path(child, "vaccines/due") + "?as_of=2025-11-30"), 422, "validation_failed", "as_of")


@pytest.mark.parametrize("day", ["today", "0001-01-01", "9999-12-31", "2026-02-30", ""])
def test_days_that_are_none(doctor, child, day):
    refused(doctor.get(path(child, "vaccines/due"), query_string={"as_of": day}), 422, "validation_failed", "as_of")


def test_the_dead_need_none(app, doctor, child):
    desk = signed_in(app, "receptionist")
    answer = desk.patch(path(child), json={"status": "deceased", "deceased_on": "2026-03-01"})
    assert answer.status_code == 200, answer.text
    assert due(doctor, child) == {}


@pytest.mark.parametrize("born", ["1896-03-03", "1950-02-28", "2004-02-29", "2026-03-02"])
@pytest.mark.parametrize("as_of", ["2026-03-02", "2199-12-31"])
def test_every_age_has_an_answer(clock, app, born, as_of):
    doctor = signed_in(app, "doctor")
    assert due(doctor, child_of(doctor, date_of_birth=born), as_of=as_of)


@pytest.mark.parametrize("sex", ["female", "male", "other", "unknown"])
def test_every_sex_has_an_answer(clock, app, sex):
    doctor, patient = signed_in(app, "doctor"), make_patient(app, sex=sex)
    relate(app, patient.id, doctor.user.id)
    assert due(doctor, patient)

"""Series: all times of a rule or none, by the doctor's wall clock, with every conflict listed and one notice."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.factories.calendar import at, book, make_doctor, open_hours, signed_in_doctor, take_leave, written
from tests.factories.database import body_of, deliver, mails, query
from tests.factories.people import API, make_patient, signed_in
from tests.patients.support import refused

SERIES = "/appointments/series"
COUNTED = ("appointments", "taken_intervals", "appointment_events", "notifications", "outbox")


@pytest.fixture
def desk(app):
    """Give a client signed in as a receptionist."""
    return signed_in(app, "receptionist")


@pytest.fixture
def doctor(app):
    """Give a doctor who sees patients every day, by the clock of Berlin."""
    found = make_doctor(app, timezone="Europe/Berlin")
    open_hours(app, found.id)
    return found


@pytest.fixture
def patient(app):
    """Give a patient."""
    return make_patient(app)


def asked(doctor, patient, starts_at, rrule, **fields):
    return {
        "doctor_id": str(doctor.id),
        "patient_id": str(patient.id),
        "starts_at": written(starts_at),
        "rrule": rrule,
        **fields,
    }


def rows(app):
    tables = {row["name"] for row in query(app, TABLES[app.config["SQLALCHEMY_DATABASE_URI"][:6]])}
    return {table: query(app, f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in COUNTED if table in tables}


TABLES = {
    "sqlite": "SELECT name FROM sqlite_master",
    "postgr": "SELECT tablename AS name FROM pg_tables",
}


def test_a_weekly_series_keeps_the_wall_clock_when_clocks_change(app, clock, desk, doctor, patient):
    first = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)  # 10:00 in Berlin
    body = asked(doctor, patient, first, "FREQ=WEEKLY;BYDAY=MO;COUNT=4", duration_minutes=45, reason="Physio")
    answer = desk.post(SERIES, json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert answer.headers["Location"] == f"{API}/appointments?series_id={made['series_id']}"
    assert [one["starts_at"] for one in made["appointments"]] == [
        "2026-03-16T09:00:00Z",
        "2026-03-23T09:00:00Z",
        "2026-03-30T08:00:00Z",
        "2026-04-06T08:00:00Z",
    ]
    for one in made["appointments"]:
        assert one["local_start"][11:16] == "10:00"
        assert one["series_id"] == made["series_id"]
        assert (one["duration_minutes"], one["reason"], one["status"]) == (45, "Physio", "scheduled")
        assert desk.get(f"/appointments/{one['id']}").json["data"] == one
    book(app, doctor.id, patient.id, first + timedelta(days=1))
    listed = desk.get(answer.headers["Location"].removeprefix(API))
    assert listed.json["data"] == made["appointments"]


def test_an_end_makes_every_time_as_long(app, clock, desk, doctor, patient):
    body = asked(doctor, patient, at(1), "FREQ=DAILY;COUNT=2", ends_at=written(at(1, "10:50")))
    made = desk.post(SERIES, json=body).json["data"]["appointments"]
    assert [one["duration_minutes"] for one in made] == [50, 50]


def test_every_conflict_is_listed_and_nothing_is_booked(app, clock, desk, doctor, patient):
    other = make_doctor(app)
    open_hours(app, other.id)
    book(app, doctor.id, make_patient(app).id, at(8))
    book(app, other.id, patient.id, at(15))
    take_leave(app, doctor.id, at(22, "00:00"), at(23, "00:00"))
    before = rows(app)
    answer = desk.post(SERIES, json=asked(doctor, patient, at(1), "FREQ=WEEKLY;COUNT=30"))
    refused(answer, 409, "series_conflicts", "rrule")
    reasons = {one["starts_at"][:10]: [why["code"] for why in one["reasons"]] for one in answer.json["conflicts"]}
    taken = {f"{at(day):%Y-%m-%d}": why for day, why in ((8, "slot_taken"), (15, "patient_busy"), (22, "time_off"))}
    assert {day: why for day, why in reasons.items() if why != ["too_far"]} == {
        day: [why] for day, why in taken.items()
    }
    assert len(reasons) == 3 + sum(1 + 7 * week > 180 for week in range(30))
    assert all(why["message"] for one in answer.json["conflicts"] for why in one["reasons"])
    assert rows(app) == before

    # What the conflicts were with is still there, and the times between are free.
    assert desk.post(SERIES, json=asked(doctor, patient, at(2), "FREQ=WEEKLY;COUNT=2")).status_code == 201


def test_the_rules_may_be_passed_with_a_reason_but_never_overlap(app, clock, desk, doctor, patient):
    night = at(1, "02:00")
    refused(desk.post(SERIES, json=asked(doctor, patient, night, "FREQ=DAILY;COUNT=2")), 409, "series_conflicts")
    passed = asked(doctor, patient, night, "FREQ=DAILY;COUNT=2", override_reason="Dialysis at night")
    assert desk.post(SERIES, json=passed).status_code == 201
    again = desk.post(SERIES, json={**passed, "patient_id": str(make_patient(app).id)})
    refused(again, 409, "series_conflicts")
    assert [why["code"] for one in again.json["conflicts"] for why in one["reasons"]] == ["slot_taken"] * 2


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("FREQ=WEEKLY", "COUNT or UNTIL"),
        ("FREQ=WEEKLY;COUNT=2;BYHOUR=9", "BYHOUR"),
        ("FREQ=WEEKLY;COUNT=1000", "COUNT"),
        ("", ""),
    ],
)
def test_a_rule_that_is_not_taken_is_named(app, desk, doctor, rule, word):
    answer = desk.post(SERIES, json=asked(doctor, make_patient(app), at(1), rule))
    refused(answer, 422, "validation_failed", "rrule")
    assert word in answer.json["errors"]["rrule"][0]


def test_fields_of_a_single_booking_that_a_series_cannot_have_are_refused(app, clock, desk, doctor, patient):
    body = asked(doctor, patient, at(1), "FREQ=WEEKLY;COUNT=2")
    for name in ("hold_id", "id"):
        refused(desk.post(SERIES, json={**body, name: str(uuid.uuid4())}), 422, "validation_failed", name)
    refused(desk.post(SERIES, json={**body, "patient_id": None}), 422, "validation_failed", "patient_id")
    refused(desk.post(SERIES, json={**body, "doctor_id": str(uuid.uuid4())}), 422, "validation_failed", "doctor_id")
    refused(desk.post(SERIES, json={**body, "patient_id": str(uuid.uuid4())}), 422, "validation_failed", "patient_id")


def test_a_doctor_books_series_in_the_own_calendar_alone_and_patients_none(app, clock, doctor, patient):
    someone, own = signed_in_doctor(app)
    open_hours(app, own.id)
    assert someone.post(SERIES, json=asked(own, patient, at(1), "FREQ=DAILY;COUNT=2")).status_code == 201
    refused(someone.post(SERIES, json=asked(doctor, patient, at(1), "FREQ=DAILY;COUNT=2")), 404, "not_found")
    own_chart = signed_in(app, "patient")
    chart = make_patient(app, user_id=own_chart.user.id)
    refused(own_chart.post(SERIES, json=asked(doctor, chart, at(1), "FREQ=DAILY;COUNT=2")), 403, "forbidden")


def test_who_is_a_doctor_and_a_patient_books_no_series_of_their_own_with_a_colleague(app, clock, doctor):
    someone, _ = signed_in_doctor(app)
    chart = make_patient(app, user_id=someone.user.id)
    refused(someone.post(SERIES, json=asked(doctor, chart, at(1), "FREQ=DAILY;COUNT=2")), 404, "not_found")


def test_one_notice_and_one_mail_tell_of_all_times(app, clock, desk):
    someone, doctor = signed_in_doctor(app)
    open_hours(app, doctor.id)
    ada = signed_in(app, "patient")
    chart = make_patient(app, user_id=ada.user.id)
    desk.post(SERIES, json=asked(doctor, chart, at(1), "FREQ=WEEKLY;COUNT=5"))
    for reader in (ada, someone):
        (notice,) = reader.get("/notifications").json["data"]
        assert notice["type"] == "appointment_booked"
        assert "and 4 more" in notice["title"]
    deliver(app)
    (mail,) = [mail for mail in mails(app) if ada.user.email in mail["To"]]
    for week in range(5):
        day = at(1 + 7 * week)
        assert f"{day.day} {day:%B %Y}" in body_of(mail)


def test_a_repeated_request_is_answered_once(app, clock, desk, doctor, patient):
    body, key = asked(doctor, patient, at(1), "FREQ=DAILY;COUNT=2"), {"Idempotency-Key": "series-1"}
    first, second = desk.post(SERIES, json=body, headers=key), desk.post(SERIES, json=body, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json == first.json
    assert len(query(app, "SELECT id FROM appointments")) == 2


@pytest.mark.slow
def test_series_that_want_the_same_times_never_wait_in_a_ring(app, live_server, doctor):
    """Post eight series, some from the last time backwards by an interval: one of each clash wins, none is stuck."""
    desk = signed_in(app, "receptionist")
    patients = [make_patient(app) for _ in range(8)]
    begin = at(3)

    def post(number):
        # Every second one starts later and shares the tail, so each has times that another wants.
        shift = number % 2
        body = asked(doctor, patients[number], begin + timedelta(days=shift), f"FREQ=DAILY;COUNT={6 - shift}")
        headers = desk.tokens.headers
        return requests.post(f"{live_server.base_url}{API}{SERIES}", json=body, headers=headers, timeout=60)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(post, range(8)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [409] * 7, [answer.text[:300] for answer in answers]
    (winner,) = [answer.json()["data"]["appointments"] for answer in answers if answer.status_code == 201]
    assert len(query(app, "SELECT id FROM taken_intervals")) == len(winner)
    assert len(query(app, "SELECT id FROM appointments")) == len(winner)

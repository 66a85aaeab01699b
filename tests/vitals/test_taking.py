"""Taking vital signs over HTTP: converted, kept as entered, judged, computed, refused."""

from datetime import UTC, date, datetime, timedelta

import pytest

from server.core import clock as clocks
from tests.factories.calendar import written
from tests.factories.charts import make_visit, set_visit
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import blamed, refused
from tests.vitals.support import measured, of_patient, of_visit, one, shown, take, value


def test_a_whole_set_comes_back(ward):
    body = {
        "measured_at": "2026-01-05T10:00:00+01:00",
        "measurements": measured(
            heart_rate=72,
            systolic=120,
            diastolic=80,
            temperature=(98.6, "[degF]"),
            respiratory_rate=16,
            spo2=98,
            weight=(154, "[lb_av]"),
            height=(69, "[in_i]"),
            glucose=(5.5, "mmol/L"),
            pain=3,
        ),
        "notes": "left arm, <after rest>\nمرحبا",
    }
    answer = ward.nurse.post(of_visit(ward.visit_id), json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert answer.headers["Location"] == f"/api/v1/vitals/{made['id']}"
    assert made["measured_at"] == "2026-01-05T09:00:00Z"
    assert (made["notes"], made["status"], made["version"]) == (body["notes"], "final", 1)
    assert made["recorded_by"] == str(ward.nurse.user.id)
    assert made["patient"] == {
        "id": str(ward.patient.id),
        "name": f"{ward.patient.first_name} {ward.patient.last_name}",
        "mrn": ward.patient.mrn,
    }
    assert made["doctor"] == {"id": str(ward.profile.id), "name": ward.profile.name}
    assert shown(made) == {
        "heart_rate": 72, "systolic": 120, "diastolic": 80, "temperature": 37.0, "respiratory_rate": 16, "spo2": 98,
        "weight": 69.85, "height": 175.3, "bmi": 22.7, "glucose": 99.1, "pain": 3,
    }  # fmt: skip
    temperature = value(made, "temperature")
    assert (temperature["unit"], temperature["entered"]) == ("Cel", {"value": 98.6, "unit": "[degF]"})
    flags = {row["kind"]: row["flag"] for row in made["measurements"]}
    assert {kind for kind, flag in flags.items() if flag is None} == {"weight", "height", "pain"}
    assert {flag for flag in flags.values() if flag} == {"normal"}
    assert value(made, "heart_rate")["range"]["low"] == 60
    assert value(made, "heart_rate")["range"]["source"]
    assert value(made, "weight")["range"] is None
    assert {row["kind"]: row["loinc"] for row in made["measurements"]} == {
        "heart_rate": "8867-4", "systolic": "8480-6", "diastolic": "8462-4", "temperature": "8310-5",
        "respiratory_rate": "9279-1", "spo2": "59408-5", "weight": "29463-7", "height": "8302-2", "bmi": "39156-5",
        "glucose": "2339-0", "pain": "72514-3",
    }  # fmt: skip
    assert ward.doctor.get(one(made)).json["data"] == made


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"heart_rate": 400}, "measurements.0.value"),
        ({"pain": 1, "spo2": 9.9}, "measurements.1.value"),
        ({"temperature": (113.1, "[degF]")}, "measurements.0.value"),
        ({"temperature": (310, "K")}, "measurements.0.unit"),
        ({"weight": (70, "lb")}, "measurements.0.unit"),
        ({"heart_rate": (70, "kg")}, "measurements.0.unit"),
        ({"bmi": (22, "kg/m2")}, "measurements.0.kind"),
        ({"mood": (1, "{score}")}, "measurements.0.kind"),
        ({"heart_rate": "72"}, "measurements.0.value"),
        ({"heart_rate": True}, "measurements.0.value"),
        ({"heart_rate": None}, "measurements.0.value"),
        ({"heart_rate": [72]}, "measurements.0.value"),
        ({"heart_rate": 10**30}, "measurements.0.value"),
        ({"heart_rate": -72}, "measurements.0.value"),
        ({"systolic": 80, "diastolic": 80}, "measurements.1.value"),
        ({"diastolic": 81, "systolic": 80}, "measurements.0.value"),
    ],
)
def test_what_cannot_be_is_named(ward, values, field):
    answer = ward.nurse.post(of_visit(ward.visit_id), json={"measurements": measured(**values)})
    refused(answer, 422, "validation_failed", field)
    assert ward.nurse.get(of_visit(ward.visit_id)).json["data"] == []


def test_the_accepted_units_are_named(ward):
    answer = ward.nurse.post(of_visit(ward.visit_id), json={"measurements": measured(weight=(70, "lb"))})
    assert answer.json["errors"]["measurements.0.unit"] == ["Expected kg or g or [lb_av]."]


def test_all_that_is_wrong_is_named_at_once(ward):
    wrong = measured(heart_rate=400, weight=(1, "st"), pain=3)
    answer = ward.nurse.post(of_visit(ward.visit_id), json={"measurements": wrong})
    assert blamed(answer) == {"measurements.0.value", "measurements.1.unit"}


def test_each_kind_once_and_at_least_one(ward):
    twice = [*measured(pain=3), *measured(pain=4)]
    refused(
        ward.nurse.post(of_visit(ward.visit_id), json={"measurements": twice}),
        422,
        "validation_failed",
        "measurements.1.kind",
    )
    for body in ({}, {"measurements": []}, {"measurements": None}):
        refused(ward.nurse.post(of_visit(ward.visit_id), json=body), 422, "validation_failed", "measurements")


def test_one_blood_pressure_alone_is_taken(ward):
    assert shown(take(ward.nurse, ward.visit_id, systolic=80)) == {"systolic": 80}
    assert shown(take(ward.nurse, ward.visit_id, systolic=81, diastolic=80)) == {"systolic": 81, "diastolic": 80}


def test_the_time_lies_in_the_life_of_the_patient(app, clock):
    patient, nurse = make_patient(app, date_of_birth=date(2020, 5, 17)), signed_in(app, "nurse")
    relate(app, patient.id, nurse.user.id)
    visit = make_visit(app, patient.id, started_at=datetime(2020, 5, 16, 22, tzinfo=UTC))
    now = clocks.now()
    # The clinic of tests is in Berlin: the day of birth begins two hours before midnight in UTC.
    for at in (written(now), "2020-05-16T22:00:00Z"):
        assert take(nurse, visit, at=at, pain=1)["measured_at"] == at
    for at in (
        written(now + timedelta(seconds=1)),
        "2020-05-16T21:59:59Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ):
        body = {"measured_at": at, "measurements": measured(pain=1)}
        refused(nurse.post(of_visit(visit), json=body), 422, "validation_failed", "measured_at")
    body = {"measured_at": "2026-01-01T10:00:00", "measurements": measured(pain=1)}
    refused(nurse.post(of_visit(visit), json=body), 422, "validation_failed", "measured_at")


def test_nothing_was_measured_before_the_day_of_the_visit(ward):
    # The visit began on New Year's day, which in Berlin begins an hour before midnight in UTC.
    assert take(ward.nurse, ward.visit_id, at="2025-12-31T23:00:00Z", pain=1)["measured_at"] == "2025-12-31T23:00:00Z"
    body = {"measured_at": "2025-12-31T22:59:59Z", "measurements": measured(pain=1)}
    refused(ward.nurse.post(of_visit(ward.visit_id), json=body), 422, "validation_failed", "measured_at")


def test_without_a_time_it_is_now(clock, ward):
    clock.shift(1)
    assert take(ward.nurse, ward.visit_id, pain=1)["measured_at"] == written(clocks.now())


def test_a_value_is_judged_by_the_age_at_its_time(app):
    patient, nurse = make_patient(app, date_of_birth=date(2020, 1, 1)), signed_in(app, "nurse")
    relate(app, patient.id, nurse.user.id)
    visit = make_visit(app, patient.id, started_at=datetime(2020, 7, 1, 8, tzinfo=UTC))
    as_infant = take(nurse, visit, at="2020-07-01T10:00:00Z", heart_rate=150)
    as_child = take(nurse, visit, at="2026-02-01T10:00:00Z", heart_rate=150)
    assert [value(entry, "heart_rate")["flag"] for entry in (as_infant, as_child)] == ["normal", "high"]


def test_an_own_id_is_kept_and_taken_once(ward):
    chosen = "01930000-0000-7000-8000-000000000001"
    body = {"id": chosen, "measurements": measured(pain=1)}
    assert ward.nurse.post(of_visit(ward.visit_id), json=body).json["data"]["id"] == chosen
    refused(ward.nurse.post(of_visit(ward.visit_id), json=body), 409, "id_taken", "id")


def test_repeated_with_a_key_it_is_taken_once(ward):
    sent = {"json": {"measurements": measured(pain=1)}, "headers": {"Idempotency-Key": "k1"}}
    first, again = (ward.nurse.post(of_visit(ward.visit_id), **sent) for _ in range(2))
    assert first.json["data"] == again.json["data"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(ward.nurse.get(of_patient(ward.patient)).json["data"]) == 1


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_closed_visit_takes_nothing(app, ward, status):
    set_visit(app, ward.visit_id, status=status)
    answer = ward.nurse.post(of_visit(ward.visit_id), json={"measurements": measured(pain=1)})
    refused(answer, 409, "visit_closed")


@pytest.mark.parametrize("name", ["recorded_by", "status", "patient_id", "version", "voided"])
def test_what_the_server_says_is_not_sent(ward, name):
    body = {"measurements": measured(pain=1), name: "x"}
    refused(ward.nurse.post(of_visit(ward.visit_id), json=body), 422, "read_only", name)

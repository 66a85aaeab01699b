"""A patient on one screen, and all that happened: of every room, what stands, and to patients what is theirs."""

import itertools
from datetime import date, timedelta
from typing import Any

import pytest

from server.core.clock import now
from tests.chart.clinic import Clinic, make_clinic, measured, statements, whole
from tests.factories.calendar import at, book
from tests.factories.charts import make_visit, set_visit
from tests.factories.database import audit_rows
from tests.factories.people import signed_in
from tests.patients.support import path, refused
from tests.patients.test_proxies import grant


@pytest.fixture
def clinic(app) -> Clinic:
    """Give a patient at an open visit, and who cares for them."""
    return make_clinic(app)


def summary(someone: Any, clinic: Clinic) -> dict[str, Any]:
    answer = someone.get(path(clinic.patient, "summary"))
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json["data"]
    return data


def timeline(someone: Any, clinic: Clinic, **query: Any) -> list[dict[str, Any]]:
    answer = someone.get(path(clinic.patient, "timeline"), query_string={"per_page": 100, **query})
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json["data"]
    return data


def kinds(someone: Any, clinic: Clinic) -> list[str]:
    return sorted(one["kind"] for one in timeline(someone, clinic))


def lived(clinic: Clinic) -> dict[str, Any]:
    """Give the patient something in every room; return what was stored."""
    doctor, patient = clinic.doctor, str(clinic.patient.id)
    doctor.post(path(clinic.patient, "conditions"), json={"display": "Gout"})
    doctor.post(path(clinic.patient, "allergies"), json={"substance": "Latex", "severity": "mild"})
    data: dict[str, Any] = doctor.post(clinic.chart, json=whole(clinic)).json["data"]
    note = doctor.post(f"{clinic.visit}/notes", json={"plan": "Rest"}).json["data"]
    assert doctor.post(f"{clinic.visit}/notes/{note['id']}/sign").status_code == 200
    assert doctor.post(f"/treatments/{data['treatments'][0]['id']}/complete").status_code == 200
    assert doctor.post(f"/procedures/{data['procedures'][0]['id']}/perform").status_code == 200
    records = [
        doctor.post("/records", json={"patient_id": patient, "diagnosis": {"display": word}}).json["data"]
        for word in ("Released", "Kept back")
    ]
    assert doctor.post(f"/records/{records[0]['id']}/release").status_code == 200
    given = {"patient_id": patient, "vaccine_code": "08", "administered_on": "2020-01-01"}
    vaccine = doctor.post("/vaccines", json=given).json["data"]
    return {**data, "signed": note, "records": records, "vaccine": vaccine}


FOR_BOTH = [
    *("allergy_added", "appointment", "condition_added", "note_signed", "procedure", "procedure_ordered"),
    *("procedure_ordered", "record_released", "registered", "treatment", "vaccine", "visit_opened", "vitals"),
]
FOR_STAFF = ["note_drafted", "record_written", "record_written"]


def test_every_room_tells_its_events_and_patients_see_what_is_signed_or_released(clinic):
    made = lived(clinic)
    assert kinds(clinic.doctor, clinic) == sorted(FOR_BOTH + FOR_STAFF)
    assert kinds(clinic.nurse, clinic) == sorted(FOR_BOTH + FOR_STAFF)
    assert kinds(clinic.somebody, clinic) == sorted(FOR_BOTH)
    told = {one["object_id"] for one in timeline(clinic.somebody, clinic)}
    assert not told & {made["note"]["id"], made["records"][1]["id"]}
    assert "Kept back" not in {one["title"] for one in timeline(clinic.somebody, clinic)}
    signed = next(one for one in timeline(clinic.doctor, clinic) if one["kind"] == "note_signed")
    assert signed["doctor"] == {"id": str(clinic.doctor_id), "name": clinic.doctor_name}


def test_what_was_entered_in_error_is_in_no_timeline_count_or_summary(clinic):
    made = lived(clinic)
    before = kinds(clinic.doctor, clinic)
    doctor = clinic.doctor
    wrong = [
        f"/vitals/{made['vitals']['id']}",
        f"/treatments/{made['treatments'][0]['id']}",
        f"/treatments/{made['treatments'][1]['id']}",
        f"/procedures/{made['procedures'][0]['id']}",
        f"/procedures/{made['procedures'][1]['id']}",
        f"{clinic.visit}/notes/{made['signed']['id']}",
        f"{clinic.visit}/notes/{made['note']['id']}",
        *(f"/records/{one['id']}" for one in made["records"]),
        f"/vaccines/{made['vaccine']['id']}",
    ]
    conditions = doctor.get(path(clinic.patient, "conditions")).json["data"]
    allergies = doctor.get(path(clinic.patient, "allergies")).json["data"]
    wrong += [path(clinic.patient, "conditions", one["id"]) for one in conditions]
    wrong += [path(clinic.patient, "allergies", one["id"]) for one in allergies]
    for where in wrong:
        tag = {"If-Match": f'"{doctor.get(where).json["data"]["version"]}"'}
        assert doctor.delete(where, query_string={"reason": "typo"}, headers=tag).status_code == 204, where
    left = ["appointment", "procedure_ordered", "registered", "visit_opened"]
    for someone in (doctor, clinic.somebody):
        assert kinds(someone, clinic) == left
        total = someone.get(path(clinic.patient, "timeline")).json["meta"]["total"]
        assert total == len(left) < len(before)
    data = summary(doctor, clinic)
    assert (data["vitals"], data["conditions"], data["allergies"]) == ([], [], [])
    assert [one["name"] for one in data["open_procedures"]] == ["ECG"]
    assert [one["name"] for one in data["open_treatments"]] == ["Advice"]


def test_the_summary_is_one_screen_of_all_rooms(app, clinic):
    lived(clinic)
    data = summary(clinic.doctor, clinic)
    assert data.keys() == {
        *("patient", "conditions", "allergies", "history", "upcoming_appointments", "latest_visits", "vitals"),
        *("open_treatments", "open_procedures", "due_vaccines", "active_prescriptions"),
    }
    assert data["patient"]["mrn"] == clinic.patient.mrn
    assert [one["display"] for one in data["conditions"]] == ["Gout"]
    assert [one["substance"] for one in data["allergies"]] == ["Latex"]
    assert {one["kind"]: one["value"] for one in data["vitals"]} == {
        "heart_rate": 72,
        "temperature": 37.0,
        "systolic": 128,
        "diastolic": 82,
    }
    assert [one["type"] for one in data["upcoming_appointments"]] == ["follow_up"]
    assert [one["id"] for one in data["latest_visits"]] == [str(clinic.visit_id)]
    assert [one["name"] for one in data["open_treatments"]] == ["Advice", "Dressing"]
    assert [one["name"] for one in data["open_procedures"]] == ["ECG", "Chest X-ray"]
    assert data["due_vaccines"]
    assert summary(clinic.nurse, clinic) == data


def test_the_latest_value_of_each_kind_is_shown(app, clinic):
    doctor = clinic.doctor
    set_visit(app, clinic.visit_id, started_at=now() - timedelta(days=3))
    for days, value in ((3, 90), (1, 80), (2, 85)):
        taken = {"measured_at": (now() - timedelta(days=days)).isoformat()}
        values = [{"kind": "heart_rate", "value": value, "unit": "/min"}]
        assert doctor.post(f"{clinic.visit}/vitals", json={**taken, "measurements": values}).status_code == 201
    assert [one["value"] for one in summary(doctor, clinic)["vitals"]] == [80]


def test_a_patient_sees_a_visit_in_the_summary_once_it_is_completed(clinic):
    assert summary(clinic.somebody, clinic)["latest_visits"] == []
    assert clinic.doctor.post(f"{clinic.visit}/complete").status_code == 200
    (visit,) = summary(clinic.somebody, clinic)["latest_visits"]
    assert visit["status"] == "completed"
    assert summary(clinic.doctor, clinic)["latest_visits"] == [visit]


def test_the_last_visits_are_few_and_stand(app, clinic):
    statuses = ["cancelled", "entered_in_error", *["completed"] * 6]
    for number, status in enumerate(statuses, 1):
        make_visit(app, clinic.patient.id, clinic.doctor_id, status=status, started_at=now() - timedelta(days=number))
    shown = summary(clinic.doctor, clinic)["latest_visits"]
    assert [one["status"] for one in shown] == ["open", *["completed"] * 4]
    assert sorted((one["started_at"] for one in shown), reverse=True) == [one["started_at"] for one in shown]


def fill(clinic: Clinic, count: int) -> None:
    """Write more into every room."""
    for number in range(count):
        body = {
            "vitals": measured(),
            "note": {"plan": f"Plan {number}"},
            "treatments": [{"name": f"Dressing {number}"}],
            "procedures": [{"name": f"ECG {number}"}],
        }
        assert clinic.doctor.post(clinic.chart, json=body).status_code == 201
        make_visit(clinic.app, clinic.patient.id, clinic.doctor_id, status="completed")


@pytest.mark.parametrize("what", ["summary", "timeline"])
def test_the_cost_is_the_same_whatever_the_size_of_the_chart(app, clinic, what):
    counted, sizes = [], []
    for count in (1, 4, 8):
        fill(clinic, count)
        clinic.doctor.get(path(clinic.patient, what))
        with statements(app) as noted:
            answer = clinic.doctor.get(path(clinic.patient, what))
        counted.append(len(noted))
        sizes.append(len(answer.data))
    assert len(set(counted)) == 1, counted
    assert sizes[0] < sizes[1]


def test_a_page_of_the_timeline_is_one_statement_beside_who_asks_and_the_audit_row(app, clinic):
    fill(clinic, 1)
    clinic.doctor.get(path(clinic.patient, "timeline"))
    with statements(app) as noted:
        clinic.doctor.get(path(clinic.patient, "timeline"))
    assert len([one for one in noted if "UNION ALL" in one]) == 1


def walked(someone: Any, clinic: Clinic, **query: Any) -> list[str]:
    """Return the ids of all events, page by page by the cursor."""
    found: list[str] = []
    asked = {"per_page": 7, **query}
    for _ in range(100):
        answer = someone.get(path(clinic.patient, "timeline"), query_string=asked)
        assert answer.status_code == 200, answer.text
        found += [one["id"] for one in answer.json["data"]]
        cursor = answer.json["meta"]["next_cursor"]
        if cursor is None:
            return found
        asked["cursor"] = cursor
    raise AssertionError("the cursor does not end")


def test_the_cursor_shows_each_event_once_in_both_directions(app, clinic):
    lived(clinic)
    fill(clinic, 6)
    whole_list = timeline(clinic.doctor, clinic)
    in_order = [one["id"] for one in whole_list]
    assert len(in_order) > 35
    assert len(set(in_order)) == len(in_order)
    keys = [(one["at"], one["id"]) for one in whole_list]
    assert keys == sorted(keys, reverse=True)
    assert walked(clinic.doctor, clinic) == in_order
    assert walked(clinic.doctor, clinic, sort="at") == in_order[::-1]
    pages = [
        clinic.doctor.get(path(clinic.patient, "timeline"), query_string={"page": page, "per_page": 7}).json
        for page in itertools.takewhile(lambda page: page <= len(in_order) // 7 + 1, itertools.count(1))
    ]
    assert [one["id"] for page in pages for one in page["data"]] == in_order
    assert {page["meta"]["total"] for page in pages} == {len(in_order)}
    first = clinic.doctor.get(path(clinic.patient, "timeline"), query_string={"per_page": 7}).json
    other_order = {"sort": "at", "cursor": first["meta"]["next_cursor"]}
    answer = clinic.doctor.get(path(clinic.patient, "timeline"), query_string=other_order)
    refused(answer, 422, "invalid_cursor", "cursor")


def test_a_page_past_the_end_still_says_how_many_there_are(clinic):
    answer = clinic.doctor.get(path(clinic.patient, "timeline"), query_string={"page": 50}).json
    assert answer["data"] == []
    assert answer["meta"]["total"] == len(timeline(clinic.doctor, clinic)) > 0


def test_appointments_and_closed_visits_are_told(app, clinic):
    book(app, clinic.doctor_id, clinic.patient.id, at(3))
    assert clinic.doctor.post(f"{clinic.visit}/complete").status_code == 200
    cancelled = make_visit(app, clinic.patient.id, clinic.doctor_id, status="open")
    set_visit(app, cancelled, status="cancelled")
    found = timeline(clinic.somebody, clinic)
    assert sorted(one["kind"] for one in found) == ["appointment", "registered", "visit_completed", "visit_opened"]
    assert str(cancelled) not in {one["object_id"] for one in found}


def test_medical_history_fills(clinic):
    where = path(clinic.patient, "medical-history")
    history = clinic.doctor.get(where).json["data"]
    changes = {"blood_type": "O-", "past_surgeries": ["Appendectomy 1999"], "version": history["version"]}
    changed = clinic.doctor.patch(where, json=changes)
    assert changed.status_code == 200, changed.text
    clinic.doctor.post(path(clinic.patient, "conditions"), json={"display": "Gout"})
    clinic.doctor.post(path(clinic.patient, "allergies"), json={"substance": "Latex", "severity": "mild"})
    data = clinic.doctor.get(where).json["data"]
    assert [one["substance"] for one in data["allergies"]] == ["Latex"]
    assert data["past_surgeries"] == ["Appendectomy 1999"]
    assert summary(clinic.doctor, clinic)["history"]["past_surgeries"] == ["Appendectomy 1999"]


def test_a_guardian_sees_of_the_chart_what_the_ward_does(app, clinic):
    lived(clinic)
    assert clinic.doctor.post(f"{clinic.visit}/complete").status_code == 200
    guardian = signed_in(app, "patient")
    grant(signed_in(app, "receptionist"), clinic.patient, guardian.user)
    assert kinds(guardian, clinic) == kinds(clinic.somebody, clinic) == sorted([*FOR_BOTH, "visit_completed"])
    assert summary(guardian, clinic) == summary(clinic.somebody, clinic)
    answer = guardian.get(f"{clinic.visit}/summary.pdf")
    assert answer.status_code == 200, answer.text
    row = audit_rows(app)[-1]
    assert (row["action"], row["on_behalf_of"]) == ("visits.print_summary", clinic.patient.id)


def test_strangers_see_neither(app, clinic):
    for what in ("summary", "timeline"):
        refused(signed_in(app, "doctor").get(path(clinic.patient, what)), 404, "not_found")
        refused(signed_in(app, "receptionist").get(path(clinic.patient, what)), 403, "forbidden")
    assert date.fromisoformat(summary(clinic.doctor, clinic)["patient"]["date_of_birth"])

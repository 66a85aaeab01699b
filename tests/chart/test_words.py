"""What staff wrote on the entries of a visit: theirs at once, the patient's once the visit is completed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Text, select

from server.core.clock import today
from server.core.db import Base, db
from server.modules.patients.models import Patient
from server.modules.visits.queries.content import columns_naming_a_visit
from tests.chart.clinic import Clinic, make_clinic, measured
from tests.factories.people import API, make_user, relate, signed_in
from tests.patients.test_proxies import grant

# Read when they are signed, released or prescribed, whether or not the visit goes on: a prescription lives on after it.
OF_THEIR_OWN = {"visit_notes", "note_addenda", "medical_records", "medical_record_versions", "documents"}
OF_THEIR_OWN |= {"prescriptions", "prescription_items", "safety_findings", "dispenses"}


@pytest.fixture
def clinic(app) -> Clinic:
    """Give a patient at an open visit, and who cares for them."""
    return make_clinic(app)


def word(of: str) -> str:
    return f"Words of {of}."


WORDS = {
    of: word(of)
    for of in (
        *("visits.chief_complaint", "visits.notes", "visits.patient_instructions", "visit_events.reason"),
        *("vital_sets.notes", "vital_measurements.superseded_reason", "treatments.notes", "treatments.cancel_reason"),
        *("procedures.indication", "procedures.outcome", "procedures.notes", "procedures.complications"),
        *("procedures.cancel_reason", "procedure_addenda.text", "immunizations.notes"),
        *("immunizations.not_done_reason", "immunization_versions.superseded_reason"),
    )
}


def write(clinic: Clinic, **whose: str) -> dict[str, str]:
    """Write every kind of words, at the visit or without one where that can be; return an id for each kind of path."""
    doctor, words, at_visit = clinic.doctor, WORDS, "visit_id" in whose

    def post(where: str, expected: int = 201, /, **body: Any) -> dict[str, Any]:
        answer = doctor.post(where, json=body)
        assert answer.status_code == expected, answer.text
        data: dict[str, Any] = answer.json["data"]
        return data

    made: dict[str, str] = {}
    if at_visit:
        said = {name: words[f"visits.{name}"] for name in ("chief_complaint", "notes")}
        said["patient_instructions"] = f"<p>{words['visits.patient_instructions']}</p>"
        post(clinic.chart, visit=said)
        vitals = post(f"{clinic.visit}/vitals", **measured(notes=words["vital_sets.notes"]))
        values = [{"kind": "heart_rate", "value": 70, "unit": "/min"}]
        again = {"measurements": values, "reason": words["vital_measurements.superseded_reason"]}
        post(f"/vitals/{vitals['id']}/amend", 200, **again, version=vitals["version"])
        treatment = post("/treatments", **whose, name="Dressing", notes=words["treatments.notes"])
        other = post("/treatments", **whose, name="Bath")
        post(f"/treatments/{other['id']}/cancel", 200, reason=words["treatments.cancel_reason"])
        made |= {"vital_id": vitals["id"], "treatment_id": treatment["id"]}
    procedure = post("/procedures", **whose, name="ECG", indication=words["procedures.indication"])
    went = {name: words[f"procedures.{name}"] for name in ("outcome", "notes", "complications")}
    post(f"/procedures/{procedure['id']}/perform", 200, **went)
    post(f"/procedures/{procedure['id']}/addenda", text=words["procedure_addenda.text"])
    other = post("/procedures", **whose, name="X-ray")
    post(f"/procedures/{other['id']}/cancel", 200, reason=words["procedures.cancel_reason"])
    dose = {**whose, "administered_on": clinics_day(clinic)}
    refused = words["immunizations.not_done_reason"]
    post("/vaccines", **dose, vaccine_code="03", status="not_done", not_done_reason=refused)
    vaccine = post("/vaccines", **dose, vaccine_code="08", notes=words["immunizations.notes"])
    corrected = {"site": "left arm", "version": vaccine["version"]}
    corrected["change_reason"] = words["immunization_versions.superseded_reason"]
    assert doctor.patch(f"/vaccines/{vaccine['id']}", json=corrected).status_code == 200
    return {**made, "procedure_id": procedure["id"], "vaccine_id": vaccine["id"], "patient_id": str(clinic.patient.id)}


def clinics_day(clinic: Clinic) -> str:
    with clinic.app.app_context():
        return str(today())


def reads(someone: Any, clinic: Clinic, ids: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield all that someone is answered, by every route that reads and can be asked with these ids."""
    ids = {**ids, "visit_id": str(clinic.visit_id)}
    for rule in clinic.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.rule.startswith(API) and rule.arguments <= ids.keys():
            where = rule.build(ids, append_unknown=False)[1].removeprefix(API)
            answer = someone.get(where)
            if answer.status_code == 200 and answer.is_json:
                yield where, json.dumps(answer.json, ensure_ascii=False)


def told(someone: Any, clinic: Clinic, ids: dict[str, str]) -> set[str]:
    """Return whose words someone reads."""
    texts = "".join(text for _, text in reads(someone, clinic, ids))
    return {of for of, said in WORDS.items() if said in texts}


@pytest.fixture
def written(clinic) -> dict[str, str]:
    """Write every kind of words at the visit, which was completed once and is open again."""
    assert clinic.doctor.post(f"{clinic.visit}/complete").status_code == 200
    again = clinic.doctor.post(f"{clinic.visit}/reopen", json={"reason": WORDS["visit_events.reason"]})
    assert again.status_code == 200, again.text
    return write(clinic, visit_id=str(clinic.visit_id))


def test_the_patient_reads_the_words_of_a_visit_once_it_is_completed(app, clinic, written):
    guardian = signed_in(app, "patient")
    grant(signed_in(app, "receptionist"), clinic.patient, guardian.user)
    by_route = dict(reads(clinic.somebody, clinic, written))
    assert {where for where, text in by_route.items() if "Words of" in text} == set()
    assert len(by_route) > 30
    assert told(guardian, clinic, written) == set()
    assert clinic.doctor.post(f"{clinic.visit}/complete").status_code == 200
    assert told(clinic.somebody, clinic, written) == set(WORDS)
    assert told(guardian, clinic, written) == set(WORDS) - {"vital_measurements.superseded_reason"}
    again = clinic.doctor.post(f"{clinic.visit}/reopen", json={"reason": "Forgot the dose"})
    assert again.status_code == 200, again.text
    assert told(clinic.somebody, clinic, written) == set()


def test_staff_read_the_words_at_once(clinic, written):
    for someone in (clinic.doctor, clinic.nurse):
        assert told(someone, clinic, written) == set(WORDS)


def test_every_column_of_words_on_entries_of_visits_is_held_back(app, clinic, written):
    tables = {table for table, _ in columns_naming_a_visit()} | {Base.metadata.tables["visits"]}
    tables |= {Base.metadata.tables["visit_events"]}
    tables |= {
        table
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table in tables and "visit_id" in key.column.table.c
    }
    columns = {
        f"{table.name}.{column.name}"
        for table in tables
        for column in table.c
        # Of what was entered in error the patient is shown nothing at all.
        if table.name not in OF_THEIR_OWN and isinstance(column.type, Text) and column.name != "void_reason"
    }
    assert columns == WORDS.keys(), "say here, and in the room and the export, that the patient waits for these"
    with app.app_context(), db.engine.connect() as connection:
        for name, words in WORDS.items():
            table, column = name.split(".")
            said = connection.scalars(select(Base.metadata.tables[table].c[column])).all()
            assert any(words in (one or "") for one in said), name


def test_the_facts_of_an_open_visit_are_the_patients_at_once(clinic, written):
    def seen(where: str) -> Any:
        return clinic.somebody.get(where).json["data"]

    vitals = seen(f"/vitals/{written['vital_id']}")
    assert {one["kind"]: one["value"] for one in vitals["measurements"]}["heart_rate"] == 70
    assert "notes" not in vitals
    treatment = seen(f"/treatments/{written['treatment_id']}")
    assert treatment["name"] == "Dressing"
    assert not {"notes", "cancel_reason"} & treatment.keys()
    procedure = seen(f"/procedures/{written['procedure_id']}")
    assert procedure["performed"].keys() == {"at", "by"}
    assert not {"indication", "cancel_reason", "addenda"} & procedure.keys()
    vaccine = seen(f"/vaccines/{written['vaccine_id']}")
    assert (vaccine["vaccine_code"], vaccine["site"]) == ("08", "left arm")
    assert not {"notes", "not_done_reason"} & vaccine.keys()
    (version,) = seen(f"/vaccines/{written['vaccine_id']}/versions")
    assert version["said"]["vaccine_code"] == "08"
    assert "notes" not in version["said"]
    assert version["superseded"].keys() == {"at", "by"}
    exported = json.loads(clinic.somebody.get(f"/patients/{clinic.patient.id}/export").data)
    (dose, *_) = (one for one in exported["immunizations"] if one["vaccine_code"] == "08")
    assert dose["site"] == "left arm"
    assert "notes" not in dose
    assert [one.keys() & {"text", "procedure_id"} for one in exported["procedure_addenda"]] == [{"procedure_id"}]


def test_the_words_on_an_entry_of_no_visit_are_the_patients_at_once(clinic):
    ids = write(clinic, patient_id=str(clinic.patient.id))
    of_rooms = {of for of in WORDS if of.startswith(("procedure", "immunization"))}
    assert told(clinic.somebody, clinic, ids) == of_rooms


def test_in_one_list_each_row_shows_what_its_reader_may_read(app, clinic, written):
    both = make_user(app, "nurse", "patient")
    relate(app, clinic.patient.id, both.id)
    own = make_clinic(app)
    with app.app_context(), db.engine.begin() as connection:
        patients = Patient.__table__
        connection.execute(patients.update().where(patients.c.id == own.patient.id).values(user_id=both.id))
    write(own, visit_id=str(own.visit_id))
    someone = signed_in(app, user=both)
    for where, name in (("/treatments", "notes"), ("/procedures", "indication"), ("/vaccines", "notes")):
        shown = someone.get(where, query_string={"per_page": 100}).json["data"]
        by_patient = {
            one["patient_id"]: [row for row in shown if row["patient_id"] == one["patient_id"]] for one in shown
        }
        assert by_patient.keys() == {str(clinic.patient.id), str(own.patient.id)}
        assert all(name in one for one in by_patient[str(clinic.patient.id)]), where
        assert not any(name in one for one in by_patient[str(own.patient.id)]), where

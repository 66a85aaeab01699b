"""A closed visit takes nothing more, through whatever route: every route that writes at a visit is tried."""

import io
import itertools
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from server.core.declare import endpoints
from server.modules.visits.queries.content import columns_naming_a_visit
from tests.chart.children import new_children
from tests.chart.clinic import Clinic, counts, make_clinic, measured
from tests.factories.charts import set_visit
from tests.files.samples import PDF
from tests.patients.support import path, refused
from tests.prescriptions.support import make_drug

_numbers = itertools.count(1)
ROOMS = {"visits", "vitals", "treatments", "procedures", "records", "vaccines", "prescriptions", "chart"}

# Each kind of child and each change of one, with what it takes; what is changed was made while the visit was open.
WRITES: dict[str, dict[str, Any]] = {
    "PUT /visits/{visit_id}": {"notes": "Pale", "diagnoses": [{"display": "Flu"}]},
    "PATCH /visits/{visit_id}": {"notes": "Pale"},
    "POST /visits/{visit_id}/complete": {},
    "POST /visits/{visit_id}/cancel": {"reason": "Left"},
    "POST /visits/{visit_id}/chart": {"note": {"plan": "Rest"}},
    "POST /visits/{visit_id}/notes": {"plan": "Rest"},
    "PATCH /visits/{visit_id}/notes/{note_id}": {"plan": "Work"},
    "POST /visits/{visit_id}/notes/{note_id}/sign": {},
    "POST /visits/{visit_id}/vitals": measured(),
    "POST /vitals/{vital_id}/amend": {
        "measurements": [{"kind": "heart_rate", "value": 75, "unit": "/min"}],
        "reason": "Misread",
    },
    "POST /treatments": {"name": "Dressing", "visit_id": "{visit_id}"},
    "PUT /treatments/{treatment_id}": {"name": "Bandage"},
    "PATCH /treatments/{treatment_id}": {"name": "Bandage"},
    "POST /treatments/{treatment_id}/complete": {},
    "POST /treatments/{treatment_id}/cancel": {},
    "POST /procedures": {"name": "ECG", "visit_id": "{visit_id}"},
    "PUT /procedures/{procedure_id}": {"name": "EEG"},
    "PATCH /procedures/{procedure_id}": {"name": "EEG"},
    "POST /procedures/{procedure_id}/perform": {},
    "POST /procedures/{procedure_id}/cancel": {"reason": "Not needed"},
    "POST /prescriptions": {"medication_id": "{drug_id}", "quantity": 1, "visit_id": "{visit_id}"},
    "PUT /prescriptions/{prescription_id}": {"medication_id": "{drug_id}", "quantity": 2},
    "PATCH /prescriptions/{prescription_id}": {"notes": "Soon"},
    "POST /prescriptions/{prescription_id}/activate": {},
    "POST /records": {"notes": "Well", "visit_id": "{visit_id}"},
    "PUT /records/{record_id}": {"notes": "Better"},
    "PATCH /records/{record_id}": {"notes": "Better"},
    "POST /records/{record_id}/release": {},
    "POST /vaccines": {
        "vaccine_code": "08",
        "administered_on": "2020-01-01",
        "source": "reported",
        "visit_id": "{visit_id}",
    },
    "PUT /vaccines/{vaccine_id}": {"vaccine_code": "08", "administered_on": "2020-01-02"},
    "PATCH /vaccines/{vaccine_id}": {"notes": "Left arm"},
    "POST /patients/{patient_id}/documents": {"visit_id": "{visit_id}"},
    "POST /documents/{document_id}/release": {},
    # A list of the patient's that may say at which visit something was found.
    "POST /patients/{patient_id}/conditions": {"display": "Gout", "visit_id": "{visit_id}"},
}
# How the paths above name a child, by its table.
PARAMETERS = {
    "visit_notes": "note_id",
    "vital_sets": "vital_id",
    "treatments": "treatment_id",
    "procedures": "procedure_id",
    "medical_records": "record_id",
    "immunizations": "vaccine_id",
    "conditions": "entry_id",
    "documents": "document_id",
    "prescriptions": "prescription_id",
}
# What writes and is not refused, and why.
STAYS_POSSIBLE = {
    "POST /visits": "opens another visit",
    "POST /visits/{visit_id}/reopen": "opens it again",
    "POST /visits/{visit_id}/notes/{note_id}/addenda": "a signed note is added to for ever",
    "POST /procedures/{procedure_id}/addenda": "as is a performed procedure",
    "POST /records/me": "the patient's own, at no visit",
    "DELETE /records/me/{record_id}": "as above",
    "POST /prescriptions/check": "writes nothing",
    **{
        f"POST /prescriptions/{{prescription_id}}/{verb}": "a prescription lives on after its visit (ADR 27)"
        for verb in ("revise", "renew", "cancel", "stop")
    },
    "POST /patients/{patient_id}/merge": "moves rows and writes into no visit",
    "POST /patients/{patient_id}/unmerge": "as above",
    **{
        f"DELETE {route}": "what was entered in error is marked whenever it is found"
        for route in (
            *("/visits/{visit_id}", "/visits/{visit_id}/notes/{note_id}", "/vitals/{vital_id}"),
            *("/treatments/{treatment_id}", "/procedures/{procedure_id}", "/records/{record_id}"),
            *(
                "/prescriptions/{prescription_id}",
                "/vaccines/{vaccine_id}",
                "/patients/{patient_id}/documents/{document_id}",
            ),
        )
    },
}


def children(clinic: Clinic) -> dict[str, dict[str, Any]]:
    """Make one child of each kind at the open visit."""
    made: dict[str, dict[str, Any]] = {"visit_id": {"id": str(clinic.visit_id)}}
    made["patient_id"] = {"id": str(clinic.patient.id)}
    for table, (where, body) in new_children(clinic.patient.id, clinic.visit_id).items():
        answer = clinic.doctor.post(where, json=body)
        assert answer.status_code == 201, (where, answer.text)
        made[PARAMETERS[table]] = answer.json["data"]
    document = clinic.doctor.post(path(clinic.patient, "documents"), **upload({"visit_id": str(clinic.visit_id)}))
    assert document.status_code == 201, document.text
    made[PARAMETERS["documents"]] = document.json["data"]
    drug = make_drug(clinic.app, f"Testol {next(_numbers)}")
    assert clinic.doctor.put(path(clinic.patient, "allergies/none-known"), json={}).status_code == 200
    ordered = {"medication_id": drug, "quantity": 1, "status": "draft", "visit_id": str(clinic.visit_id)}
    prescription = clinic.doctor.post("/prescriptions", json=ordered)
    assert prescription.status_code == 201, prescription.text
    made[PARAMETERS["prescriptions"]] = prescription.json["data"]
    made["drug_id"] = {"id": drug}
    return made


def upload(fields: dict[str, Any]) -> dict[str, Any]:
    form = {"file": FileStorage(io.BytesIO(PDF), "letter.pdf"), **fields}
    body, _, boundary = stream_encode_multipart(form, use_tempfile=False)
    return {"data": body.read(), "content_type": f"multipart/form-data; boundary={boundary}"}


def send(clinic: Clinic, made: dict[str, dict[str, Any]], write: str) -> Any:
    """Send one of the writes as the doctor, with the version that was read."""
    method, route = write.split()
    named = {f"{{{name}}}": child["id"] for name, child in made.items()}
    body = {name: named.get(str(value), value) for name, value in WRITES[write].items()}
    where, about = route, {}
    for name, child in made.items():
        if f"{{{name}}}" in route:
            where = where.replace(f"{{{name}}}", child["id"])
            about = child
    headers = {"If-Match": f'"{about.get("version", 1)}"'} if method != "POST" or route.endswith("/amend") else {}
    content = upload(body) if route.endswith("/documents") else {"json": body}
    return clinic.doctor.open(method, where, headers=headers, **content)


def writing_routes(app: Flask) -> set[str]:
    return {
        f"{one.verb.upper()} {one.path.removeprefix('/api/v1')}"
        for one in endpoints(app)
        if one.verb != "get" and one.alias_of is None and one.rule.endpoint.split(".")[0] in ROOMS
    }


@pytest.mark.only("sqlite")
def test_every_route_that_writes_is_tried_or_said_to_stay_possible(app):
    known = WRITES.keys() | STAYS_POSSIBLE.keys()
    assert writing_routes(app) - known == set(), "add these to WRITES, or say why a closed visit lets them pass"
    assert known - writing_routes(app) == {"POST /patients/{patient_id}/conditions"}
    assert not WRITES.keys() & STAYS_POSSIBLE.keys()


@pytest.mark.only("sqlite")
def test_every_table_that_names_a_visit_is_tried(app):
    """A new table joins by its foreign key: its rows are added above, or written with the visit itself."""
    assert {table.name for table, _ in columns_naming_a_visit()} == {*PARAMETERS, "visit_diagnoses"}


@pytest.mark.parametrize("status", ["completed", "cancelled", "entered_in_error"])
def test_a_closed_visit_refuses_every_write(app, status):
    clinic = make_clinic(app)
    made = children(clinic)
    set_visit(app, clinic.visit_id, status=status)
    before = counts(app)
    passed = []
    for write in WRITES:
        answer = send(clinic, made, write)
        if (answer.status_code, (answer.json or {}).get("code")) != (409, "visit_closed"):
            passed.append(f"{write}: {answer.status_code} {answer.text}")
    assert passed == []
    assert counts(app) == before


def test_the_same_writes_pass_while_the_visit_is_open(app):
    refused_writes = []
    for write in WRITES:
        clinic = make_clinic(app)
        answer = send(clinic, children(clinic), write)
        is_refused = answer.status_code not in (200, 201)
        # With content a visit is not called off, and there is some.
        if is_refused and answer.json["code"] != "visit_has_content":
            refused_writes.append(f"{write}: {answer.status_code} {answer.text}")
    assert refused_writes == []


def test_what_stays_possible_after_closing_is_possible(app):
    clinic = make_clinic(app)
    doctor, made = clinic.doctor, children(clinic)
    note, procedure = f"{clinic.visit}/notes/{made['note_id']['id']}", f"/procedures/{made['procedure_id']['id']}"
    assert doctor.post(f"{note}/sign").status_code == 200
    assert doctor.post(f"{procedure}/perform").status_code == 200
    assert doctor.post(f"{clinic.visit}/complete").status_code == 200
    for where in (note, procedure):
        assert doctor.post(f"{where}/addenda", json={"text": "The culture came back."}).status_code == 201
    tag = {"If-Match": f'"{made["vital_id"]["version"]}"'}
    where = f"/vitals/{made['vital_id']['id']}"
    assert doctor.delete(where, query_string={"reason": "typo"}, headers=tag).status_code == 204


def test_reopening_takes_the_permission_and_a_reason_and_lets_write_again(app):
    clinic = make_clinic(app)
    assert clinic.doctor.post(f"{clinic.visit}/complete").status_code == 200
    where = f"{clinic.visit}/reopen"
    refused(clinic.nurse.post(where, json={"reason": "More"}), 403, "forbidden")
    refused(clinic.doctor.post(where, json={}), 422, "validation_failed", "reason")
    assert clinic.doctor.post(where, json={"reason": "Forgot the note"}).status_code == 200
    assert clinic.doctor.post(clinic.chart, json={"note": {"plan": "Rest"}}).status_code == 201

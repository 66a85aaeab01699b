"""Who reaches what of one patient's chart, on every route of the clinical rooms: by relation, by glass, or not at all.

A cell says what somebody gets: `+` it is done or shown, `0` a list without this patient, `3` 403, `4` 404.
Rows are asked in their order: opening a visit, which makes a relation, is the last.
"""

import io
import itertools
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from server.core.declare import endpoints
from tests.chart.clinic import Clinic, make_clinic, measured
from tests.factories.charts import make_visit
from tests.factories.database import audit_rows
from tests.factories.people import SignedIn, make_patient, make_user, signed_in
from tests.files.samples import image
from tests.patients.support import path, refused
from tests.prescriptions.support import make_drug

# Dr wrote what is there; D2, N and T care for the patient too; with a minus nobody lets them; with a star they have
# broken the glass; Pt is the patient, PtB another one.
COLUMNS = ("Dr", "D2", "D-", "D*", "N", "N-", "T", "R", "Ph", "Pt", "PtB", "A", "A*")
TABLE = """
#                                                        Dr D2 D- D* N  N- T  R  Ph Pt PtB A  A*
GET    /visits                                           +  +  0  +  +  0  +  +  3  +  0   0  +
GET    /visits/{visit_id}                                +  +  4  +  +  4  +  +  3  +  4   4  +
PUT    /visits/{visit_id}                                +  +  4  3  +  4  3  3  3  3  3   3  3
PATCH  /visits/{visit_id}                                +  +  4  3  +  4  3  3  3  3  3   3  3
DELETE /visits/{visit_id}                                +  4  4  3  4  4  4  3  3  3  3   4  +
POST   /visits/{visit_id}/complete                       +  +  4  3  3  3  3  3  3  3  3   3  3
POST   /visits/{visit_id}/reopen                         +  4  4  3  3  3  3  3  3  3  3   3  3
POST   /visits/{visit_id}/cancel                         +  +  4  3  +  4  3  +  3  3  3   3  3
GET    /visits/{visit_id}/history                        +  +  4  +  +  4  +  +  3  +  4   4  +
POST   /visits/{visit_id}/chart                          +  +  4  +  3  3  3  3  3  3  3   3  3
GET    /visits/{visit_id}/summary.pdf                    +  +  4  +  +  4  3  3  3  +  4   4  +
GET    /visits/{visit_id}/notes                          +  +  4  +  +  4  3  3  3  +  4   4  +
POST   /visits/{visit_id}/notes                          +  +  4  +  +  4  3  3  3  3  3   3  3
GET    /visits/{visit_id}/notes/{note_id}                +  +  4  +  +  4  3  3  3  +  4   4  +
PATCH  /visits/{visit_id}/notes/{note_id}                +  4  4  3  4  4  3  3  3  3  3   3  3
DELETE /visits/{visit_id}/notes/{note_id}                +  4  4  3  4  4  4  3  3  3  3   4  +
POST   /visits/{visit_id}/notes/{note_id}/sign           +  4  4  3  3  3  3  3  3  3  3   3  3
POST   /visits/{visit_id}/notes/{note_id}/addenda        +  +  4  +  3  3  3  3  3  3  3   3  3
GET    /visits/{visit_id}/vitals                         +  +  4  +  +  4  +  3  3  +  4   4  +
POST   /visits/{visit_id}/vitals                         +  +  4  +  +  4  +  3  3  3  3   3  3
GET    /patients/{patient_id}/vitals                     +  +  4  +  +  4  +  3  3  +  4   4  +
GET    /vitals/{vital_id}                                +  +  4  +  +  4  +  3  3  +  4   4  +
DELETE /vitals/{vital_id}                                +  4  4  3  4  4  4  3  3  3  3   4  +
POST   /vitals/{vital_id}/amend                          +  +  4  3  +  4  +  3  3  3  3   3  3
GET    /treatments                                       +  +  0  +  +  0  +  3  3  +  0   0  +
POST   /treatments                                       +  +  4  +  +  4  +  3  3  3  3   3  3
GET    /treatments/{treatment_id}                        +  +  4  +  +  4  +  3  3  +  4   4  +
PUT    /treatments/{treatment_id}                        +  +  4  3  +  4  +  3  3  3  3   3  3
PATCH  /treatments/{treatment_id}                        +  +  4  3  +  4  +  3  3  3  3   3  3
DELETE /treatments/{treatment_id}                        +  4  4  3  4  4  4  3  3  3  3   4  +
POST   /treatments/{treatment_id}/complete               +  +  4  3  +  4  +  3  3  3  3   3  3
POST   /treatments/{treatment_id}/cancel                 +  +  4  3  +  4  +  3  3  3  3   3  3
GET    /procedures                                       +  +  0  +  +  0  3  3  3  +  0   0  +
POST   /procedures                                       +  +  4  +  +  4  3  3  3  3  3   3  3
GET    /procedures/{procedure_id}                        +  +  4  +  +  4  3  3  3  +  4   4  +
PUT    /procedures/{procedure_id}                        +  +  4  3  +  4  3  3  3  3  3   3  3
PATCH  /procedures/{procedure_id}                        +  +  4  3  +  4  3  3  3  3  3   3  3
DELETE /procedures/{procedure_id}                        +  4  4  3  4  4  4  3  3  3  3   4  +
POST   /procedures/{procedure_id}/perform                +  +  4  3  +  4  3  3  3  3  3   3  3
POST   /procedures/{procedure_id}/cancel                 +  +  4  3  +  4  3  3  3  3  3   3  3
POST   /procedures/{procedure_id}/addenda                +  +  4  +  +  4  3  3  3  3  3   3  3
GET    /patients/{patient_id}/documents                  +  +  4  +  +  4  3  3  3  +  4   4  +
POST   /patients/{patient_id}/documents                  +  +  4  +  +  4  +  3  3  +  4   3  3
GET    /patients/{patient_id}/documents/{document_id}    +  +  4  +  +  4  3  3  3  +  4   4  +
DELETE /patients/{patient_id}/documents/{document_id}    +  4  4  3  4  4  4  3  3  3  3   4  +
GET    /patients/{patient_id}/documents/{document_id}/content +  +  4  +  +  4  3  3  3  +  4   4  +
GET    /patients/{patient_id}/documents/{document_id}/preview +  +  4  +  +  4  3  3  3  +  4   4  +
POST   /documents/{document_id}/release                  +  4  4  3  3  3  3  3  3  3  3   3  3
GET    /records                                          +  +  0  +  +  0  3  3  3  +  0   0  +
GET    /records/doctor/me                                +  0  0  0  0  0  3  3  3  0  0   0  0
POST   /records                                          +  +  4  +  +  4  3  3  3  +  4   3  3
GET    /records/me                                       0  0  0  0  0  0  3  3  3  +  0   0  0
DELETE /records/me/{record_id}                           4  4  4  3  4  4  3  3  3  +  4   3  3
GET    /records/{record_id}                              +  +  4  +  +  4  3  3  3  +  4   4  +
PUT    /records/{record_id}                              +  4  4  3  4  4  3  3  3  4  4   3  3
PATCH  /records/{record_id}                              +  4  4  3  4  4  3  3  3  4  4   3  3
DELETE /records/{record_id}                              +  4  4  3  4  4  4  3  3  3  3   4  +
GET    /records/{record_id}/versions                     +  +  4  +  +  4  3  3  3  +  4   4  +
POST   /records/{record_id}/release                      +  4  4  3  3  3  3  3  3  3  3   3  3
GET    /vaccines                                         +  +  0  +  +  0  3  3  3  +  0   0  +
POST   /vaccines                                         +  +  4  +  +  4  3  3  3  3  3   3  3
GET    /vaccines/{vaccine_id}                            +  +  4  +  +  4  3  3  3  +  4   4  +
PUT    /vaccines/{vaccine_id}                            +  +  4  3  +  4  3  3  3  3  3   3  3
PATCH  /vaccines/{vaccine_id}                            +  +  4  3  +  4  3  3  3  3  3   3  3
DELETE /vaccines/{vaccine_id}                            +  4  4  3  4  4  4  3  3  3  3   4  +
GET    /vaccines/{vaccine_id}/versions                   +  +  4  +  +  4  3  3  3  +  4   4  +
GET    /patients/{patient_id}/vaccines/due               +  +  4  +  +  4  3  3  3  +  4   4  +
GET    /prescriptions                                    +  +  0  +  +  0  3  3  +  +  0   0  +
POST   /prescriptions                                    +  +  4  +  3  3  3  3  3  3  3   3  3
GET    /prescriptions/{prescription_id}                  +  +  4  +  +  4  3  3  +  +  4   4  +
PUT    /prescriptions/{prescription_id}                  +  4  4  3  3  3  3  3  3  3  3   3  3
PATCH  /prescriptions/{prescription_id}                  +  4  4  3  3  3  3  3  3  3  3   3  3
DELETE /prescriptions/{prescription_id}                  +  4  4  3  4  4  4  3  3  3  3   4  +
POST   /prescriptions/{prescription_id}/activate         +  4  4  3  3  3  3  3  3  3  3   3  3
POST   /prescriptions/{prescription_id}/revise           +  +  4  3  3  3  3  3  3  3  3   3  3
POST   /prescriptions/{prescription_id}/renew            +  +  4  3  3  3  3  3  3  3  3   3  3
POST   /prescriptions/{prescription_id}/cancel           +  +  4  3  3  3  3  3  3  3  3   3  3
POST   /prescriptions/{prescription_id}/stop             +  +  4  3  3  3  3  3  3  3  3   3  3
POST   /prescriptions/check                              +  +  4  +  3  3  3  3  +  3  3   3  3
GET    /patients/{patient_id}/timeline                   +  +  4  +  +  4  3  3  3  +  4   4  +
GET    /patients/{patient_id}/summary                    +  +  4  +  +  4  3  3  3  +  4   4  +
GET    /patients/{patient_id}/export                     3  3  3  3  3  3  3  3  3  +  4   4  +
POST   /visits                                           +  +  +  +  +  +  3  +  3  3  3   3  3
"""
AGAIN = {"confirm_new": True}
ROOMS = {"visits", "vitals", "treatments", "procedures", "records", "vaccines", "prescriptions", "chart"}
# Of no patient: the catalogue; of two: merging, which the role matrix holds; one's own chart alone: `/records/me`.
ELSEWHERE = {
    ("GET", "/vaccines/catalog"),
    ("POST", "/patients/{patient_id}/merge"),
    ("POST", "/patients/{patient_id}/unmerge"),
    ("POST", "/records/me"),
}
# Which object a row is about, where it is not what its parameter is called.
ABOUT = {
    "POST /visits/{visit_id}/reopen": "completed_visit",
    "POST /visits/{visit_id}/cancel": "empty_visit",
    "GET /visits/{visit_id}/summary.pdf": "completed_visit",
    "PATCH /visits/{visit_id}/notes/{note_id}": "draft",
    "POST /visits/{visit_id}/notes/{note_id}/sign": "draft",
    "POST /procedures/{procedure_id}/addenda": "performed",
    "POST /documents/{document_id}/release": "held_document",
    "PUT /records/{record_id}": "draft_record",
    "PATCH /records/{record_id}": "draft_record",
    "POST /records/{record_id}/release": "draft_record",
    "DELETE /records/me/{record_id}": "own_record",
    **{
        f"{write} /prescriptions/{{prescription_id}}{verb}": "draft_prescription"
        for write, verb in (("PUT", ""), ("PATCH", ""), ("POST", "/activate"))
    },
}


def rows() -> dict[tuple[str, str], dict[str, str]]:
    """Return the table: what each column gets of each route."""
    found = {}
    for line in TABLE.strip().splitlines():
        if not line.startswith("#"):
            method, route, *cells = line.split()
            found[method, route] = dict(zip(COLUMNS, cells, strict=True))
    return found


class Cast:
    """A chart with something in every room, and everybody who may come to it."""

    def __init__(self, app: Flask) -> None:
        self.clinic: Clinic = make_clinic(app)
        self.shared: dict[str, dict[str, Any]] = {}
        self.numbers = itertools.count(1)
        none_known = self.clinic.doctor.put(path(self.clinic.patient, "allergies/none-known"), json={})
        assert none_known.status_code == 200, none_known.text

    def drug(self) -> str:
        """Put a medication into the catalogue that nobody takes yet, and return its id."""
        return make_drug(self.clinic.app, f"Testol {next(self.numbers)}")

    def somebody(self, column: str) -> SignedIn:
        """Return who stands for a column."""
        app, clinic = self.clinic.app, self.clinic
        known = {"Dr": clinic.doctor, "N": clinic.nurse, "Pt": clinic.somebody}
        if column in known:
            return known[column]
        if column in ("D2", "T"):
            return clinic.another({"D2": "doctor", "T": "technician"}[column])
        if column == "PtB":
            user = make_user(app, "patient")
            make_patient(app, user_id=user.id)
            return signed_in(app, user=user)
        roles = {"D": "doctor", "N": "nurse", "A": "admin", "R": "receptionist", "Ph": "pharmacist"}
        someone = signed_in(app, roles[column.rstrip("-*")])
        if column.endswith("*"):
            broken = someone.post(path(clinic.patient, "break-glass"), json={"reason": "A court asks for the chart."})
            assert broken.status_code == 201, broken.text
        return someone

    def prescribed(self, kind: str) -> dict[str, Any]:
        """Prescribe something as the doctor, or draft it, and return it."""
        status = "draft" if kind.startswith("draft") else "active"
        body = {"medication_id": self.drug(), "quantity": 1, "status": status}
        answer = self.clinic.doctor.post("/prescriptions", json={"patient_id": str(self.clinic.patient.id), **body})
        assert answer.status_code == 201, answer.text
        data: dict[str, Any] = answer.json["data"]
        return data

    def made(self, kind: str) -> dict[str, Any]:
        """Make something in the chart as the doctor, or as the patient, and return it."""
        clinic, doctor = self.clinic, self.clinic.doctor
        patient = {"patient_id": str(clinic.patient.id)}

        def post(where: str, json: Any = None, by: SignedIn = doctor) -> dict[str, Any]:
            answer = by.post(where, json=json)
            assert answer.status_code in (200, 201), (where, answer.text)
            data: dict[str, Any] = answer.json["data"]
            return data

        if kind.endswith("visit"):
            status = "completed" if kind == "completed_visit" else "open"
            visit_id = make_visit(clinic.app, clinic.patient.id, clinic.doctor_id, status=status)
            return {"id": str(visit_id), "version": 1}
        if kind in ("draft", "note"):
            note = post(f"{clinic.visit}/notes", {"plan": "Rest"})
            return note if kind == "draft" else post(f"{clinic.visit}/notes/{note['id']}/sign")
        if kind == "vital":
            return post(f"{clinic.visit}/vitals", measured())
        if kind == "treatment":
            return post("/treatments", {"visit_id": str(clinic.visit_id), "name": "Dressing"})
        if kind in ("procedure", "performed"):
            ordered = post("/procedures", {**patient, "name": "ECG"})
            return ordered if kind == "procedure" else post(f"/procedures/{ordered['id']}/perform")
        if kind in ("record", "draft_record"):
            record = post("/records", {**patient, "notes": "Well"})
            return record if kind == "draft_record" else post(f"/records/{record['id']}/release")
        if kind == "own_record":
            return post("/records/me", {"notes": "I feel well"}, by=clinic.somebody)
        if kind == "vaccine":
            return post("/vaccines", {**patient, "vaccine_code": "08", "administered_on": "2020-01-01", **AGAIN})
        answer = doctor.post(path(clinic.patient, "documents"), **upload())
        assert answer.status_code == 201, answer.text
        document: dict[str, Any] = answer.json["data"]
        return document if kind == "held_document" else post(f"/documents/{document['id']}/release")

    def about(self, method: str, route: str, *, anew: bool) -> tuple[str, dict[str, Any]]:
        """Return the path of a row, and the object that it is about."""
        named = re.findall(r"{(\w+)}", route)
        found: dict[str, Any] = {}
        ids = {"visit_id": str(self.clinic.visit_id), "patient_id": str(self.clinic.patient.id)}
        if named and named[-1] != "patient_id":
            kind = ABOUT.get(f"{method} {route}", named[-1].removesuffix("_id"))
            if anew or kind not in self.shared:
                self.shared[kind] = self.prescribed(kind) if kind.endswith("prescription") else self.made(kind)
            found = self.shared[kind]
            ids[named[-1]] = found["id"]
        return re.sub(r"{(\w+)}", lambda one: ids[one[1]], route), found

    def body(self, method: str, route: str) -> dict[str, Any]:
        """Return what a request sends that may be done."""
        clinic = self.clinic
        patient, visit = {"patient_id": str(clinic.patient.id)}, {"visit_id": str(clinic.visit_id)}
        vaccine = {"vaccine_code": "08", "administered_on": "2021-02-01", **AGAIN}
        bodies: dict[str, dict[str, Any]] = {
            "POST /visits": {**patient, "doctor_id": str(clinic.doctor_id)},
            "PUT /visits/{visit_id}": {"notes": "Pale"},
            "PATCH /visits/{visit_id}": {"notes": "Rosy"},
            "POST /visits/{visit_id}/reopen": {"reason": "Forgot the note"},
            "POST /visits/{visit_id}/cancel": {"reason": "Left before being seen"},
            "POST /visits/{visit_id}/chart": {"note": {"plan": "Rest"}},
            "POST /visits/{visit_id}/notes": {"plan": "Rest"},
            "PATCH /visits/{visit_id}/notes/{note_id}": {"plan": "Work"},
            "POST /visits/{visit_id}/notes/{note_id}/addenda": {"text": "More"},
            "POST /visits/{visit_id}/vitals": measured(),
            "POST /vitals/{vital_id}/amend": {
                "measurements": [{"kind": "heart_rate", "value": 75, "unit": "/min"}],
                "reason": "Misread",
            },
            "POST /treatments": {**visit, "name": "Dressing"},
            "PUT /treatments/{treatment_id}": {"name": "Bandage"},
            "PATCH /treatments/{treatment_id}": {"name": "Plaster"},
            "POST /procedures": {**patient, "name": "ECG"},
            "PUT /procedures/{procedure_id}": {"name": "EEG"},
            "PATCH /procedures/{procedure_id}": {"name": "EMG"},
            "POST /procedures/{procedure_id}/cancel": {"reason": "Not needed"},
            "POST /procedures/{procedure_id}/addenda": {"text": "More"},
            "POST /prescriptions": {**patient, "medication_id": self.drug(), "quantity": 1},
            "PUT /prescriptions/{prescription_id}": {"medication_id": self.drug(), "quantity": 2},
            "PATCH /prescriptions/{prescription_id}": {"notes": "Soon"},
            "POST /prescriptions/{prescription_id}/revise": {"quantity": 3},
            "POST /prescriptions/check": {**patient, "medication_id": self.drug()},
            "POST /records": {**patient, "notes": "Well"},
            "PUT /records/{record_id}": {"notes": "Better"},
            "PATCH /records/{record_id}": {"notes": "Best"},
            "POST /vaccines": {**patient, **vaccine},
            "PUT /vaccines/{vaccine_id}": vaccine,
            "PATCH /vaccines/{vaccine_id}": {"notes": "Left arm"},
        }
        if (method, route) == ("POST", "/patients/{patient_id}/documents"):
            return upload()
        if f"{method} {route}" in bodies:
            return {"json": bodies[f"{method} {route}"]}
        query: dict[str, Any] = {}
        if method == "DELETE":
            query["reason"] = "typo"
        elif "{" not in route and not route.endswith("/me"):
            query["patient_id"] = str(clinic.patient.id)
        return {"query_string": query}

    def ask(self, someone: SignedIn, method: str, route: str, *, anew: bool) -> str:
        """Return what somebody gets of a row, as a cell says it."""
        where, found = self.about(method, route, anew=anew)
        headers = {"If-Match": f'"{found["version"]}"'} if "version" in found else {}
        answer = someone.open(method, where, headers=headers, **self.body(method, route))
        if answer.status_code in (403, 404):
            return {403: "3", 404: "4"}[answer.status_code]
        if answer.status_code not in (200, 201, 204):
            return f"{answer.status_code}: {answer.text}"
        is_empty = method == "GET" and answer.is_json and answer.json.get("meta") and answer.json["data"] == []
        return "0" if is_empty and "{" not in route else "+"


def upload() -> dict[str, Any]:
    form = {"file": FileStorage(io.BytesIO(image()), "scan.png")}
    body, _, boundary = stream_encode_multipart(form, use_tempfile=False)
    return {"data": body.read(), "content_type": f"multipart/form-data; boundary={boundary}"}


@pytest.mark.only("sqlite")
def test_the_table_has_every_clinical_route(app):
    routes = {
        (one.verb.upper(), one.path.removeprefix("/api/v1"))
        for one in endpoints(app)
        if one.rule.endpoint.split(".")[0] in ROOMS and one.alias_of is None
    }
    assert routes - ELSEWHERE - rows().keys() == set(), "clinical routes without a row in the table of care"
    assert rows().keys() - routes == set()
    assert routes >= ELSEWHERE


@pytest.mark.parametrize("column", COLUMNS)
def test_who_reaches_what(app, column):
    cast = Cast(app)
    for kind in (
        "note",
        "vital",
        "treatment",
        "procedure",
        "record",
        "own_record",
        "vaccine",
        "document",
        "prescription",
    ):
        cast.shared[kind] = cast.made(kind)
    cast.shared["prescription"] = cast.prescribed("prescription")
    someone = cast.somebody(column)
    wrong = []
    for (method, route), cells in rows().items():
        got = cast.ask(someone, method, route, anew=cells[column] == "+" and method != "GET")
        if got != cells[column]:
            wrong.append(f"{method} {route} as {column}: {got}, expected {cells[column]}")
    assert wrong == []


def test_broken_glass_lasts_an_hour_and_is_on_the_access_report(app, clock):
    cast = Cast(app)
    stranger = cast.somebody("D*")
    glass_id = audit_rows(app)[-1]["object_id"]
    where = path(cast.clinic.patient, "summary")
    clock.shift(timedelta(minutes=59))
    stranger = signed_in(app, user=stranger.user)
    assert stranger.get(where).status_code == 200
    assert audit_rows(app)[-1]["break_glass_id"] == glass_id
    patient = signed_in(app, user=cast.clinic.somebody.user)
    log = patient.get(path(cast.clinic.patient, "access-log")).json["data"]
    seen = [one for one in log if one["action"] == "chart.summary"]
    assert [one["break_glass"] for one in seen] == [{"reason": "A court asks for the chart."}]
    assert seen[0]["actor"]["name"] == f"{stranger.user.first_name} {stranger.user.last_name}"
    clock.shift(timedelta(minutes=2))
    again = signed_in(app, user=stranger.user)
    refused(again.get(where), 404, "not_found")
    refused(again.get(cast.clinic.visit), 404, "not_found")
    assert again.get("/visits", query_string={"patient_id": str(cast.clinic.patient.id)}).json["data"] == []

"""What is said at a visit: complaint, notes, instructions, diagnoses."""

import uuid

import pytest

from server.modules.visits.models import VisitDiagnosis
from tests.factories.calendar import signed_in_doctor
from tests.factories.database import audit_rows
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import refused
from tests.visits.support import WHOLE, one, rows, verb, walk_in

ASTHMA = {"code": "J45.909", "display": "Asthma", "is_primary": True}
GOUT = {"code": "M10.9", "display": "Gout", "is_primary": False}
WORDS = {"code": None, "display": "Tired", "is_primary": False}


@pytest.fixture
def doctor(app):
    return signed_in_doctor(app)[0]


@pytest.fixture
def visit(app, doctor):
    return walk_in(doctor, make_patient(app))


def patch(someone, visit, **fields):
    answer = someone.patch(one(visit), json={"version": visit["version"], **fields})
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def test_a_put_replaces_everything(doctor, visit):
    answer = doctor.put(one(visit), json={**WHOLE, "version": 1})
    assert answer.status_code == 200, answer.text
    whole = answer.json["data"]
    assert {name: whole[name] for name in WHOLE} == WHOLE
    assert (whole["version"], answer.headers["ETag"]) == (2, '"2"')
    least = doctor.put(one(visit), json={"version": 2}).json["data"]
    assert (least["visit_type"], least["diagnoses"], least["free_follow_up"]) == ("consultation", [], False)
    assert {least[name] for name in ("chief_complaint", "notes", "patient_instructions", "follow_up_on")} == {None}


def test_what_was_read_can_be_put(doctor, visit):
    doctor.put(one(visit), json={**WHOLE, "version": 1})
    read = doctor.get(one(visit)).json["data"]
    answer = doctor.put(one(visit), json=read)
    assert answer.status_code == 200, answer.text
    assert answer.json["data"] == read


def test_a_patch_changes_what_is_sent(doctor, visit):
    doctor.put(one(visit), json={**WHOLE, "version": 1})
    changed = doctor.patch(one(visit), json={"notes": "Better", "version": 2}).json["data"]
    assert {name: changed[name] for name in WHOLE} == {**WHOLE, "notes": "Better"}
    assert changed["version"] == 3


def test_the_version_is_required(doctor, visit):
    for send in (doctor.put, doctor.patch):
        refused(send(one(visit), json={"notes": "x"}), 428, "version_required")
        refused(send(one(visit), json={"notes": "x", "version": 7}), 412, "stale_version")
    assert doctor.patch(one(visit), json={"notes": "x"}, headers={"If-Match": '"1"'}).status_code == 200


@pytest.mark.parametrize("name", ["number", "status", "started_at", "ended_at", "doctor_id", "patient_id", "source"])
def test_what_the_server_writes(doctor, visit, name):
    refused(doctor.patch(one(visit), json={name: visit[name], "version": 1}), 422, "read_only", name)


def test_diagnoses_are_replaced_as_a_list(app, doctor, visit):
    visit = patch(doctor, visit, diagnoses=[ASTHMA, GOUT, WORDS])
    assert visit["diagnoses"] == [ASTHMA, GOUT, WORDS]
    visit = patch(doctor, visit, diagnoses=[WORDS, ASTHMA])
    assert visit["diagnoses"] == [WORDS, ASTHMA]
    assert visit["version"] == 3
    gone = [row for row in rows(app, VisitDiagnosis) if row.removed_at]
    assert [(row.code, row.code_system, row.removed_by) for row in gone] == [("M10.9", "icd10cm", doctor.user.id)]
    assert len(rows(app, VisitDiagnosis)) == 3


def test_a_diagnosis_that_becomes_the_primary_one_leaves_what_it_was(app, doctor, visit):
    visit = patch(doctor, visit, diagnoses=[GOUT])
    visit = patch(doctor, visit, diagnoses=[{**GOUT, "is_primary": True}])
    assert visit["diagnoses"] == [{**GOUT, "is_primary": True}]
    assert [(row.is_primary, bool(row.removed_at)) for row in rows(app, VisitDiagnosis)] == [
        (False, True),
        (True, False),
    ]


def test_the_same_diagnoses_change_nothing(app, doctor, visit):
    visit = patch(doctor, visit, diagnoses=[ASTHMA, GOUT])
    same = patch(doctor, visit, diagnoses=[ASTHMA, GOUT])
    assert same == visit
    assert len(rows(app, VisitDiagnosis)) == 2


def test_the_audit_log_names_what_changed(app, doctor, visit):
    patch(doctor, visit, diagnoses=[ASTHMA], chief_complaint="Cough")
    assert set(audit_rows(app)[-1]["changed"]) == {"diagnoses", "chief_complaint"}
    assert "Cough" not in repr(audit_rows(app)[-1])


@pytest.mark.parametrize(
    ("diagnoses", "field"),
    [
        ([{"code": "J45.909"}], "diagnoses.0.display"),
        ([GOUT, {"code": "J46.9", "display": "x"}], "diagnoses.1.code"),
        ([{"code": "j45.909", "display": "x"}], "diagnoses.0.code"),
        ([{"code": "J45909", "display": "x"}], "diagnoses.0.code"),
        ([{"code": "195967001", "display": "x"}], "diagnoses.0.code"),
        ([{"display": "x", "code_system": "snomed"}], "diagnoses.0.code_system"),
        ([ASTHMA, {**GOUT, "is_primary": True}], "diagnoses"),
        ([WORDS] * 51, "diagnoses"),
        (None, "diagnoses"),
    ],
)
def test_diagnoses_that_are_refused(doctor, visit, diagnoses, field):
    refused(doctor.patch(one(visit), json={"diagnoses": diagnoses, "version": 1}), 422, "validation_failed", field)
    refused(doctor.put(one(visit), json={"diagnoses": diagnoses, "version": 1}), 422, "validation_failed", field)


def test_a_diagnosis_is_not_primary_unless_it_says_so(doctor, visit):
    visit = patch(doctor, visit, diagnoses=[{"display": "Gout"}])
    assert visit["diagnoses"] == [{"code": None, "display": "Gout", "is_primary": False}]


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "<p onclick='x'>y</p>", "<a href='x'>y</a>", "x<!-- y -->"]
)
def test_markup_that_instructions_may_not_have(doctor, visit, text):
    answer = doctor.patch(one(visit), json={"patient_instructions": text, "version": 1})
    refused(answer, 422, "markup_not_allowed", "patient_instructions")


def test_instructions_come_back_as_sent(doctor, visit):
    text = "<ul><li>1 < 2 &amp; more</li></ul><br/>\n"
    assert patch(doctor, visit, patient_instructions=text)["patient_instructions"] == text


def test_the_follow_up_is_not_before_the_visit(clock, app):
    doctor, _ = signed_in_doctor(app)
    visit = walk_in(doctor, make_patient(app))
    answer = doctor.patch(one(visit), json={"follow_up_on": "2026-03-01", "version": 1})
    refused(answer, 422, "validation_failed", "follow_up_on")
    assert patch(doctor, visit, follow_up_on="2026-03-02")["follow_up_on"] == "2026-03-02"


def test_a_nurse_writes_too(app, doctor, visit):
    nurse = signed_in(app, "nurse")
    assert patch(nurse, visit, chief_complaint="Cough")["chief_complaint"] == "Cough"


@pytest.mark.parametrize("role", ["receptionist", "technician", "admin", "patient", "pharmacist"])
def test_others_do_not_write(as_role, visit, role):
    refused(as_role(role).patch(one(visit), json={"notes": "x", "version": 1}), 403, "forbidden")


def test_a_doctor_without_a_relation_does_not(app, visit):
    other = signed_in(app, "doctor")
    refused(other.patch(one(visit), json={"notes": "x", "version": 1}), 404, "not_found")


def test_a_closed_visit_is_not_written(doctor, visit):
    verb(doctor, visit, "complete")
    for send in (doctor.put, doctor.patch):
        refused(send(one(visit), json={"notes": "x", "version": 2}), 409, "visit_closed")


def test_another_doctor_in_relation_writes(app, doctor, visit):
    colleague = signed_in(app, "doctor")
    relate(app, uuid.UUID(visit["patient_id"]), colleague.user.id)
    assert patch(colleague, visit, notes="Seen too")["notes"] == "Seen too"

import uuid

import pytest

from tests.factories.people import relate, signed_in
from tests.patients.support import ids, path, refused, register

WHOLE = {
    "code": "J45.909",
    "display": "Unspecified asthma, <uncomplicated",
    "onset_on": "2011-04-30",
    "resolved_on": "2019-01-01",
    "status": "resolved",
}


@pytest.fixture
def where(patient):
    """Give the path of the patient's conditions."""
    return path(patient, "conditions")


def add(someone, where, **fields):
    answer = someone.post(where, json={"display": "Asthma", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def test_every_field_is_kept(doctor, where):
    whole = {**WHOLE, "display": "Unspecified asthma & µ-wheeze 5 < 6"}
    answer = doctor.post(where, json=whole)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert {name: made[name] for name in whole} == whole
    assert made["code_system"] == "icd10cm"
    assert made["version"] == 1
    assert doctor.get(f"{where}/{made['id']}").json["data"] == made


def test_the_least_is_a_display(doctor, where):
    made = add(doctor, where)
    assert (made["code"], made["code_system"], made["status"]) == (None, None, "active")


@pytest.mark.parametrize("code", ["A00", "J45.909", "Z99.89", "S72.001A", "C7A.1", "O9A.21"])
def test_icd_10_cm_codes(doctor, where, code):
    assert add(doctor, where, code=code)["code"] == code


@pytest.mark.parametrize(
    "code", ["", "j45", "J4", "J45.", "J45909", "J45.90999", "J45.909 ", "J45.909\n", "45.9", "195967001"]
)
def test_what_is_no_icd_10_cm_code(doctor, where, code):
    refused(doctor.post(where, json={"display": "x", "code": code}), 422, "validation_failed", "code")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"onset_on": "2020-01-02", "resolved_on": "2020-01-01", "status": "resolved"}, "resolved_on"),
        ({"resolved_on": "2020-01-01"}, "resolved_on"),
        ({"onset_on": "2026-03-03"}, "onset_on"),
        ({"status": "entered_in_error"}, "status"),
        ({"status": "gone"}, "status"),
        ({"display": None}, "display"),
        ({"display": ""}, "display"),
        ({"onset_on": "spring"}, "onset_on"),
    ],
)
def test_what_is_not_valid_is_refused(clock, app, change, field):
    doctor = signed_in(app, "doctor")
    answer = doctor.post(path(register(doctor), "conditions"), json={"display": "Asthma", **change})
    refused(answer, 422, "validation_failed", field)


def test_onset_and_resolution_on_one_day(doctor, where):
    add(doctor, where, onset_on="2020-01-01", resolved_on="2020-01-01", status="resolved")


def test_the_code_system_is_the_servers(doctor, where):
    refused(doctor.post(where, json={"display": "x", "code_system": "snomed"}), 422, "read_only", "code_system")


def test_patch_resolves_and_needs_the_version(doctor, where):
    made = add(doctor, where, onset_on="2020-01-01")
    item = f"{where}/{made['id']}"
    refused(doctor.patch(item, json={"status": "resolved"}), 428, "version_required")
    refused(doctor.patch(item, json={"status": "resolved", "version": 5}), 412, "stale_version")
    refused(
        doctor.patch(item, json={"resolved_on": "2019-01-01", "status": "resolved", "version": 1}),
        422,
        "validation_failed",
    )
    answer = doctor.patch(item, json={"status": "resolved", "resolved_on": "2021-01-01", "version": 1})
    assert answer.json["data"]["status"] == "resolved"
    assert answer.json["data"]["version"] == 2
    assert answer.headers["ETag"] == '"2"'


def test_a_code_taken_away_takes_its_system(doctor, where):
    made = add(doctor, where, code="J45.909")
    changed = doctor.patch(f"{where}/{made['id']}", json={"code": None, "version": 1}).json["data"]
    assert (changed["code"], changed["code_system"]) == (None, None)


def test_entered_in_error(app, doctor, patient, where):
    made, kept = add(doctor, where), add(doctor, where, display="Gout")
    item = f"{where}/{made['id']}"
    refused(doctor.delete(item, headers={"If-Match": '"1"'}), 422, "validation_failed", "reason")
    refused(doctor.delete(f"{item}?reason=typo"), 428, "version_required")
    other = signed_in(app, "nurse")
    relate(app, uuid.UUID(patient["id"]), other.user.id)
    refused(other.delete(f"{item}?reason=typo", headers={"If-Match": '"1"'}), 404, "not_found")
    assert doctor.delete(f"{item}?reason=typo", headers={"If-Match": '"1"'}).status_code == 204
    assert doctor.delete(f"{item}?reason=typo").status_code == 204
    assert ids(doctor.get(where)) == [kept["id"]]
    assert [one["id"] for one in doctor.get(path(patient, "medical-history")).json["data"]["conditions"]] == [
        kept["id"]
    ]
    shown = doctor.get(item).json["data"]
    assert (shown["status"], shown["voided"]["reason"]) == ("entered_in_error", "typo")


@pytest.mark.parametrize("role", ["technician", "receptionist", "pharmacist", "cashier", "patient", "admin"])
def test_doctors_and_nurses_write_conditions(as_role, where, role):
    refused(as_role(role).post(where, json={"display": "x"}), 403, "forbidden")


def test_a_condition_may_be_listed_twice(doctor, where):
    assert add(doctor, where)["id"] != add(doctor, where)["id"]

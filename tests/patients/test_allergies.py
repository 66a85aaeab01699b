import uuid

import pytest

from tests.factories.people import make_patient, named, relate, signed_in
from tests.patients.support import ids, path, refused, register

WHOLE = {
    "substance": "Amoxicillin/Clavulansäure <3",
    "code": {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "19711"},
    "class": "drug",
    "reaction": "Rash & hives\n<24 h after intake",
    "severity": "severe",
    "status": "active",
    "noted_on": "2019-07-01",
}
LEAST = {"substance": "Latex", "severity": "mild"}


@pytest.fixture
def where(patient):
    """Give the path of the patient's allergies."""
    return path(patient, "allergies")


def add(someone, where, **fields):
    answer = someone.post(where, json={**LEAST, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def test_every_field_is_kept(doctor, where):
    answer = doctor.post(where, json=WHOLE)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert {name: made[name] for name in WHOLE} == WHOLE
    assert made["version"] == 1
    assert (made["recorded_by"], made["author"]) == (str(doctor.user.id), named(doctor))
    assert made["voided"] is None
    assert answer.headers["Location"].endswith(f"{where}/{made['id']}")
    assert answer.headers["ETag"] == '"1"'
    assert doctor.get(f"{where}/{made['id']}").json["data"] == made
    assert doctor.get(where).json["data"] == [made]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"severity": None}, "severity"),
        ({"severity": "terrible"}, "severity"),
        ({"substance": ""}, "substance"),
        ({"substance": "a\nb"}, "substance"),
        ({"class": "pet"}, "class"),
        ({"status": "entered_in_error"}, "status"),
        ({"noted_on": "2026-03-03"}, "noted_on"),
        ({"code": {"system": "x"}}, "code.code"),
        ({"code": "19711"}, "code"),
        ({"wrong": 1}, "wrong"),
    ],
)
def test_what_is_not_valid_is_refused(app, clock, change, field):
    doctor = signed_in(app, "doctor")
    answer = doctor.post(path(register(doctor), "allergies"), json={**LEAST, **change})
    refused(answer, 422, "validation_failed", field)


def test_severity_is_required(doctor, where):
    refused(doctor.post(where, json={"substance": "Latex"}), 422, "validation_failed", "severity")


@pytest.mark.parametrize("again", ["Penicillin", "PENICILLIN", "pénicillin", "Peni-cillin", "Penicillin "])
def test_a_substance_is_on_the_list_once(doctor, where, again):
    add(doctor, where, substance="Penicillin")
    refused(doctor.post(where, json={**LEAST, "substance": again}), 409, "duplicate_allergy", "substance")
    assert add(doctor, where, substance="Penicillin V")


def test_a_substance_without_letters_is_on_the_list_once_too(doctor, where):
    add(doctor, where, substance="🥜")
    refused(doctor.post(where, json={**LEAST, "substance": "🥜"}), 409, "duplicate_allergy")
    add(doctor, where, substance="🦐")


def test_a_change_to_a_listed_substance_is_a_duplicate(doctor, where):
    add(doctor, where, substance="Penicillin")
    other = add(doctor, where, substance="Latex")
    answer = doctor.patch(f"{where}/{other['id']}", json={"substance": "penicillin", "version": 1})
    refused(answer, 409, "duplicate_allergy", "substance")


def test_patch_needs_the_version(doctor, where):
    made = add(doctor, where)
    item = f"{where}/{made['id']}"
    refused(doctor.patch(item, json={"severity": "severe"}), 428, "version_required")
    refused(doctor.patch(item, json={"severity": "severe", "version": 7}), 412, "stale_version")
    changed = doctor.patch(item, json={"severity": "severe"}, headers={"If-Match": '"1"'}).json["data"]
    assert changed == {**made, "severity": "severe", "version": 2, "updated_at": changed["updated_at"]}
    refused(doctor.patch(item, json={"recorded_by": None, "version": 2}), 422, "read_only", "recorded_by")


def test_colleagues_correct_what_stands(app, doctor, patient, where):
    made = add(doctor, where)
    nurse = signed_in(app, "nurse")
    relate(app, uuid.UUID(patient["id"]), nurse.user.id)
    answer = nurse.patch(f"{where}/{made['id']}", json={"reaction": "Hives", "version": 1})
    assert answer.json["data"]["reaction"] == "Hives"
    assert answer.json["data"]["recorded_by"] == str(doctor.user.id)


def test_none_known_is_a_statement(doctor, patient, where):
    history = path(patient, "medical-history")
    assert doctor.get(history).json["data"]["no_known_allergies"] is None
    answer = doctor.put(f"{where}/none-known", json={})
    assert answer.status_code == 200
    stated = answer.json["data"]
    assert stated["patient_id"] == patient["id"]
    assert (stated["stated_by"], stated["author"]) == (str(doctor.user.id), named(doctor))
    assert doctor.put(f"{where}/none-known", json={}).json["data"] == stated
    assert doctor.get(history).json["data"]["no_known_allergies"] == stated


def test_none_known_is_impossible_beside_entries(doctor, where):
    made = add(doctor, where)
    refused(doctor.put(f"{where}/none-known", json={}), 409, "allergies_present")
    doctor.patch(f"{where}/{made['id']}", json={"status": "inactive", "version": 1})
    refused(doctor.put(f"{where}/none-known", json={}), 409, "allergies_present")
    answer = doctor.delete(f"{where}/{made['id']}?reason=wrong", headers={"If-Match": '"2"'})
    assert answer.status_code == 204
    assert doctor.put(f"{where}/none-known", json={}).status_code == 200


def test_none_known_is_withdrawn_by_an_allergy(doctor, patient, where):
    doctor.put(f"{where}/none-known", json={})
    made = add(doctor, where)
    shown = doctor.get(path(patient, "medical-history")).json["data"]
    assert shown["no_known_allergies"] is None
    assert shown["allergies"] == [made]


def test_none_known_takes_nothing(doctor, where):
    refused(doctor.put(f"{where}/none-known", json={"x": 1}), 422, "validation_failed", "x")


def test_entered_in_error(doctor, patient, where):
    made, kept = add(doctor, where, substance="Penicilin"), add(doctor, where)
    item = f"{where}/{made['id']}"
    refused(doctor.delete(item, headers={"If-Match": '"1"'}), 422, "validation_failed", "reason")
    refused(doctor.delete(f"{item}?reason=", headers={"If-Match": '"1"'}), 422, "validation_failed", "reason")
    refused(doctor.delete(f"{item}?reason=typo"), 428, "version_required")
    refused(doctor.delete(f"{item}?reason=typo", headers={"If-Match": '"9"'}), 412, "stale_version")
    answer = doctor.delete(f"{item}?reason=typo", headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.data) == (204, b"")
    for again in ({}, {"If-Match": '"1"'}, {"If-Match": '"9"'}):
        assert doctor.delete(f"{item}?reason=other", headers=again).status_code == 204
    listed = doctor.get(where)
    assert ids(listed) == [kept["id"]]
    assert listed.json["meta"]["total"] == 1
    assert doctor.get(path(patient, "medical-history")).json["data"]["allergies"] == [kept]
    shown = doctor.get(item).json["data"]
    assert shown["status"] == "entered_in_error"
    assert shown["voided"]["by"] == named(doctor)
    assert shown["voided"]["reason"] == "typo"
    assert shown["voided"]["at"].endswith("Z")
    assert shown["version"] == 2
    refused(doctor.patch(item, json={"severity": "severe", "version": 2}), 409, "entered_in_error")
    assert add(doctor, where, substance="Penicilin")["id"] != made["id"]


def test_the_entries_of_others_are_not_ones_own_to_void(app, doctor, patient, where):
    made = add(doctor, where)
    item = f"{where}/{made['id']}?reason=typo"
    other = signed_in(app, "doctor")
    refused(other.delete(item, headers={"If-Match": '"1"'}), 404, "not_found")
    relate(app, uuid.UUID(patient["id"]), other.user.id)
    refused(other.delete(item, headers={"If-Match": '"1"'}), 404, "not_found")
    assert doctor.delete(item, headers={"If-Match": '"1"'}).status_code == 204
    refused(other.delete(item, headers={"If-Match": '"1"'}), 404, "not_found")


def test_an_entry_is_found_below_its_own_patient_only(app, doctor, where):
    made = add(doctor, where)
    other = make_patient(app)
    relate(app, other.id, doctor.user.id)
    item = path(other, "allergies", made["id"])
    refused(doctor.get(item), 404, "not_found")
    refused(doctor.patch(item, json={"severity": "severe", "version": 1}), 404, "not_found")
    refused(doctor.delete(f"{item}?reason=typo", headers={"If-Match": '"1"'}), 404, "not_found")


def test_an_id_made_by_the_client_is_kept(doctor, where):
    own = "0199a0b1-0000-7000-8000-00000000000a"
    assert add(doctor, where, id=own)["id"] == own
    refused(doctor.post(where, json={"substance": "Nuts", "severity": "mild", "id": own}), 409, "id_taken")


@pytest.mark.parametrize("role", ["technician", "receptionist", "pharmacist", "cashier", "patient", "admin"])
def test_doctors_and_nurses_write_allergies(as_role, where, role):
    refused(as_role(role).post(where, json=LEAST), 403, "forbidden")


def test_the_pharmacy_sees_no_entry_made_in_error(as_role, doctor, patient, where):
    made = add(doctor, where)
    doctor.delete(f"{where}/{made['id']}?reason=typo", headers={"If-Match": '"1"'})
    assert as_role("pharmacist").get(path(patient)).json["data"]["allergies"] == []


def test_one_code_under_another_name_is_a_duplicate(as_role):
    doctor = as_role("doctor")
    where = path(register(doctor), "allergies")
    code = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "7980"}
    assert doctor.post(where, json={"substance": "Penicillin G", "severity": "mild", "code": code}).status_code == 201
    again = doctor.post(where, json={"substance": "Benzylpenicillin", "severity": "mild", "code": code})
    assert (again.status_code, again.json["code"], list(again.json["errors"])) == (409, "duplicate_allergy", ["code"])

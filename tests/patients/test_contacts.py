"""Contacts: whom to call, and who answers for a patient."""

import pytest

from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import ids, path, refused

CONTACT = {"kind": "emergency", "name": "Bo O'Neill", "relationship": "brother", "phone": "+16175550100"}


@pytest.fixture
def patient(app):
    """Give a patient."""
    return make_patient(app)


@pytest.fixture
def desk(app):
    """Give a client signed in as a receptionist."""
    return signed_in(app, "receptionist")


def add(someone, patient, **fields):
    answer = someone.post(path(patient, "contacts"), json={**CONTACT, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def test_every_field_is_kept(app, desk, patient):
    user = make_user(app, "patient")
    made = add(desk, patient, kind="guardian", email="Bo@Example.com", user_id=str(user.id))
    for name, value in {**CONTACT, "kind": "guardian", "email": "Bo@Example.com", "user_id": str(user.id)}.items():
        assert made[name] == value
    assert made["proxy"] is None
    assert made["ended_at"] is None
    assert made["version"] == 1
    answer = desk.get(path(patient, "contacts", made["id"]))
    assert answer.json["data"] == made
    assert answer.headers["ETag"] == '"1"'


def test_the_least_is_kind_name_relationship_and_phone(desk, patient):
    made = add(desk, patient)
    assert (made["email"], made["user_id"]) == (None, None)
    refused(
        desk.post(path(patient, "contacts"), json={}),
        *(422, "validation_failed"),
        *("kind", "name", "relationship", "phone"),
    )


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "friend"},
        {"name": ""},
        {"name": "  "},
        {"relationship": None},
        {"phone": "none"},
        {"email": "nobody"},
        {"user_id": "7"},
        {"user_id": "01a1fe27-8d9b-73c3-b90a-aaeb54ffde1b"},
        {"proxy": {"scopes": ["view"]}},
        {"role": "x"},
    ],
)
def test_what_is_not_valid_is_refused(desk, patient, change):
    answer = desk.post(path(patient, "contacts"), json={**CONTACT, **change})
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == set(change)


def test_an_account_is_an_active_one_of_somebody_else(app, desk):
    somebody, closed = make_user(app, "patient"), make_user(app, "patient", status="deactivated")
    own = make_patient(app, user_id=somebody.id)
    for user in (somebody, closed):
        body = {**CONTACT, "user_id": str(user.id)}
        refused(desk.post(path(own, "contacts"), json=body), 422, "validation_failed", "user_id")


def test_patch_changes_only_what_is_sent(desk, patient):
    made = add(desk, patient, email="bo@example.com")
    where = path(patient, "contacts", made["id"])
    changed = desk.patch(where, json={"phone": "+16175550199"}).json["data"]
    assert changed == {**made, "phone": "+16175550199", "version": 2, "updated_at": changed["updated_at"]}
    refused(desk.patch(where, json={"name": "x", "version": 1}), 412, "stale_version")
    refused(desk.patch(where, json={"ended_at": None}), 422, "read_only", "ended_at")
    refused(desk.patch(where, json={"name": None}), 422, "validation_failed", "name")


def test_ended_ones_stay_on_record(desk, patient):
    made, other = add(desk, patient), add(desk, patient, name="Bea")
    where = path(patient, "contacts", made["id"])
    refused(desk.delete(where, headers={"If-Match": '"7"'}), 412, "stale_version")
    assert desk.delete(where, headers={"If-Match": '"1"'}).status_code == 204
    assert desk.delete(where, headers={"If-Match": '"7"'}).status_code == 204
    assert ids(desk.get(path(patient, "contacts"))) == [other["id"]]
    assert desk.get(where).json["data"]["ended_at"]
    refused(desk.patch(where, json={"name": "x"}), 409, "contact_ended")
    refused(desk.post(f"{where}/proxy", json={"scopes": ["view"]}), 409, "contact_ended")


def test_a_contact_is_found_below_its_own_patient_only(app, desk, patient):
    made, other = add(desk, patient), make_patient(app)
    for method, below in (("GET", ()), ("PATCH", ()), ("DELETE", ()), ("POST", ("proxy",)), ("DELETE", ("proxy",))):
        body = {"scopes": ["view"]} if below else {}
        answer = desk.open(method, path(other, "contacts", made["id"], *below), json=body)
        refused(answer, 404, "not_found")


@pytest.mark.parametrize("role", ["doctor", "nurse"])
def test_clinicians_keep_the_contacts_of_their_patients(app, role, patient):
    someone = signed_in(app, role)
    refused(someone.get(path(patient, "contacts")), 404, "not_found")
    refused(someone.post(path(patient, "contacts"), json=CONTACT), 404, "not_found")
    relate(app, patient.id, someone.user.id)
    made = add(someone, patient)
    assert ids(someone.get(path(patient, "contacts"))) == [made["id"]]
    where = path(patient, "contacts", made["id"])
    refused(someone.post(f"{where}/proxy", json={"scopes": ["view"]}), 403, "forbidden")
    assert someone.delete(where).status_code == 204


def test_patients_keep_their_own(app, patient):
    somebody = signed_in(app, "patient")
    own = make_patient(app, user_id=somebody.user.id)
    made = add(somebody, own)
    assert somebody.patch(path(own, "contacts", made["id"]), json={"name": "Bea"}).status_code == 200
    refused(somebody.get(path(patient, "contacts")), 404, "not_found")


@pytest.mark.parametrize("role", ["technician", "pharmacist", "pharmacy_manager", "pharmacy_technician", "cashier"])
def test_other_roles_see_none(as_role, role, patient):
    refused(as_role(role).get(path(patient, "contacts")), 403, "forbidden")


def test_an_id_made_by_the_client_is_kept(desk, patient):
    made = "01a1fe27-8d9b-73c3-b90a-aaeb54ffde1b"
    assert add(desk, patient, id=made)["id"] == made
    refused(desk.post(path(patient, "contacts"), json={**CONTACT, "id": made}), 409, "id_taken")

import uuid

import pytest

from tests.factories.people import make_patient, signed_in
from tests.patients.support import WHOLE, facts, ids, path, refused, register, without_request_id

READ_ONLY = (
    "mrn",
    "created_at",
    "updated_at",
    "age",
    "name",
    "identifiers",
)


def test_patch_changes_only_what_is_sent(as_role):
    admin = as_role("admin")
    made = register(admin, **WHOLE)
    answer = admin.patch(path(made), json={"occupation": "Baker", "phone": None})
    assert answer.status_code == 200
    changed = answer.json["data"]
    assert changed == {**made, "occupation": "Baker", "phone": None, "version": 2, "updated_at": changed["updated_at"]}
    assert answer.headers["ETag"] == '"2"'
    assert admin.get(path(made)).json["data"] == changed


def test_patch_of_an_address_changes_only_the_parts_sent(as_role):
    admin = as_role("admin")
    made = register(admin, address=WHOLE["address"])
    changed = admin.patch(path(made), json={"address": {"city": "Łódź"}}).json["data"]
    assert changed["address"] == {**WHOLE["address"], "city": "Łódź"}
    assert admin.patch(path(made), json={"address": None}).json["data"]["address"] is None


def test_put_replaces_all_fields(as_role):
    admin = as_role("admin")
    made = register(admin, **WHOLE)
    answer = admin.put(path(made), json=facts(address={"city": "Łódź"}))
    assert answer.status_code == 200, answer.text
    changed = answer.json["data"]
    for name in set(WHOLE) - set(facts()) - {"address"}:
        assert changed[name] is None
    assert changed["address"] == {**dict.fromkeys(WHOLE["address"]), "city": "Łódź"}
    assert changed["mrn"] == made["mrn"]


def test_put_without_a_required_field_is_refused(as_role):
    admin = as_role("admin")
    made = register(admin)
    refused(admin.put(path(made), json={"first_name": "Ida"}), 422, "validation_failed", "last_name", "sex")


def test_get_edit_put_works(as_role):
    admin = as_role("admin")
    made = register(admin, **WHOLE)
    shown = admin.get(path(made)).json["data"]
    answer = admin.put(path(made), json={**shown, "occupation": "Baker", "mrn": "MRN-999999", "age": 7})
    assert answer.status_code == 200, answer.text
    changed = answer.json["data"]
    assert changed == {**shown, "occupation": "Baker", "version": 2, "updated_at": changed["updated_at"]}


@pytest.mark.parametrize("field", READ_ONLY)
def test_patch_refuses_read_only_fields(as_role, field):
    admin = as_role("admin")
    made = register(admin)
    refused(admin.patch(path(made), json={field: "x", "occupation": "Baker"}), 422, "read_only", field)
    assert admin.get(path(made)).json["data"] == made


@pytest.mark.parametrize("verb", ["put", "patch"])
def test_a_stale_version_changes_nothing(as_role, verb):
    admin = as_role("admin")
    made = register(admin)
    assert admin.patch(path(made), json={"occupation": "Baker", "version": 1}).status_code == 200
    send = getattr(admin, verb)
    body = facts(occupation="Smith")
    refused(send(path(made), json={**body, "version": 1}), 412, "stale_version")
    refused(send(path(made), json=body, headers={"If-Match": '"1"'}), 412, "stale_version")
    refused(send(path(made), json=body, headers={"If-Match": "rubbish"}), 412, "stale_version")
    refused(send(path(made), json={**body, "version": 2}, headers={"If-Match": '"1"'}), 412, "stale_version")
    assert admin.get(path(made)).json["data"]["occupation"] == "Baker"
    assert send(path(made), json=body, headers={"If-Match": '"2"'}).json["data"]["version"] == 3
    assert send(path(made), json={**body, "occupation": "Potter", "version": 3}).status_code == 200


def test_the_etag_serves_if_match_only(as_role):
    admin = as_role("admin")
    made = register(admin)
    answer = admin.get(path(made), headers={"If-None-Match": '"1"'})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_without_a_version_the_last_writer_wins(as_role):
    admin = as_role("admin")
    made = register(admin)
    assert admin.patch(path(made), json={"occupation": "Baker"}).status_code == 200
    assert admin.patch(path(made), json={"occupation": "Smith"}).json["data"]["version"] == 3


def test_a_change_of_nothing_keeps_the_version(as_role):
    admin = as_role("admin")
    made = register(admin)
    assert admin.patch(path(made), json={"occupation": made["occupation"]}).json["data"]["version"] == 1
    assert admin.patch(path(made), json={}).json["data"]["version"] == 1


@pytest.mark.parametrize("version", ["1", 1.0, True, [1], -1, 2**31, 10**30])
def test_a_version_is_a_whole_number(as_role, version):
    admin = as_role("admin")
    made = register(admin)
    refused(admin.patch(path(made), json={"version": version}), 422, "validation_failed", "version")


def test_a_changed_name_is_found_and_the_old_one_not(as_role):
    admin = as_role("admin")
    made = register(admin)
    admin.patch(path(made), json={"last_name": "Żółw", "email": "zolw@example.com", "phone": "6175550199"})
    for q in ("zolw", "5550199", "zolw@example.com"):
        assert ids(admin.get("/patients/search", query_string={"q": q})) == [made["id"]]
    assert ids(admin.get("/patients/search?q=quist")) == []


@pytest.mark.parametrize("body", [{"first_name": None}, {"sex": None}, {"date_of_birth": None}, {"last_name": ""}])
def test_required_fields_cannot_be_cleared(as_role, body):
    admin = as_role("admin")
    made = register(admin)
    refused(admin.patch(path(made), json=body), 422, "validation_failed", *body)


@pytest.mark.parametrize("body", [{"name": "Ada Lovelace"}, {"gender": "male"}, {"confirm_new": True}, {"id": None}])
def test_the_words_of_create_are_not_those_of_patch(as_role, body):
    admin = as_role("admin")
    made = register(admin)
    assert admin.patch(path(made), json=body).status_code == 422


def test_delete_deactivates_and_repeats(as_role):
    admin = as_role("admin")
    made = register(admin)
    refused(admin.delete(path(made), headers={"If-Match": '"7"'}), 412, "stale_version")
    answer = admin.delete(path(made), headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.data) == (204, b"")
    for headers in ({}, {"If-Match": '"1"'}, {"If-Match": '"7"'}):
        assert admin.delete(path(made), headers=headers).status_code == 204
    shown = admin.get(path(made))
    assert shown.status_code == 200
    assert shown.json["data"]["status"] == "inactive"
    assert shown.json["data"]["version"] == 2
    listed = admin.get("/patients")
    assert ids(listed) == []
    assert listed.json["meta"]["total"] == 0
    assert ids(admin.get("/patients/search?q=quist")) == []
    assert ids(admin.get("/patients?status=inactive")) == [made["id"]]


def test_only_an_admin_deactivates(as_role):
    made = register(as_role("receptionist"))
    for role in ("doctor", "nurse", "receptionist", "patient", "cashier"):
        refused(as_role(role).delete(path(made)), 403, "forbidden")


def test_a_bad_id_and_a_random_id_are_404(as_role):
    admin = as_role("admin")
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        random = admin.open(method, f"/patients/{uuid.uuid4()}", json=facts())
        refused(random, 404, "not_found")
        other = admin.open(method, "/patients/no-uuid", json=facts())
        refused(other, 404, "not_found")
        assert without_request_id(other) == without_request_id(random)


def test_somebody_out_of_scope_cannot_be_changed(app):
    doctor, other = signed_in(app, "doctor"), make_patient(app)
    for method in ("PUT", "PATCH"):
        refused(doctor.open(method, path(other), json=facts()), 404, "not_found")

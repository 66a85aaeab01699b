"""`/patients/me`: the profile that patients make and keep."""

import pytest

from tests.factories.database import query
from tests.factories.people import make_patient, make_user, signed_in
from tests.patients.support import WHOLE, facts, path, refused, register
from tests.patients.test_races import at_once, send

ME = "/patients/me"


@pytest.fixture
def somebody(app):
    """Give a client signed in as a patient who has no profile."""
    return signed_in(app, "patient")


def test_a_patient_makes_reads_and_changes_their_profile(somebody):
    refused(somebody.get(ME), 404, "not_found")
    refused(somebody.patch(ME, json={"language": "fr"}), 404, "not_found")
    said = {name: value for name, value in WHOLE.items() if name != "notes"}
    answer = somebody.post(ME, json=said)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert {name: made[name] for name in said} == said
    assert answer.headers["Location"].endswith(f"/patients/{made['id']}")
    assert somebody.get(ME).json["data"] == made == somebody.get(path(made)).json["data"]
    assert somebody.get("/auth/me").json["data"]["patient_id"] == made["id"]
    changed = somebody.patch(ME, json={"language": "fr", "version": 1})
    assert changed.json["data"]["language"] == "fr"
    assert changed.headers["ETag"] == '"2"'
    refused(somebody.patch(ME, json={"language": "de", "version": 1}), 412, "stale_version")
    refused(somebody.patch(ME, json={"last_name": "Other"}), 403, "field_not_allowed", "last_name")


def test_there_is_one_profile_to_an_account(app, somebody):
    assert somebody.post(ME, json=facts()).status_code == 201
    refused(somebody.post(ME, json=facts(last_name="Other")), 409, "already_has_chart")
    assert len(query(app, "SELECT * FROM patients")) == 1


def test_of_two_at_once_one_is_made(app, live_server, somebody):
    answers = at_once(2, lambda number: send(live_server, somebody, "POST", ME, facts(last_name=f"Quist{number}")))
    assert sorted(status for status, _ in answers) == [201, 409], answers
    assert [body["code"] for status, (body, _) in answers if status == 409] == ["already_has_chart"]
    assert len(query(app, "SELECT * FROM patients")) == 1


def test_a_likely_duplicate_is_marked_and_shown_to_nobody(app, somebody):
    desk = signed_in(app, "receptionist")
    first = register(desk)
    answer = somebody.post(ME, json=facts())
    assert answer.status_code == 201
    assert first["id"] not in answer.text
    assert "possible_duplicate" not in answer.json["data"]
    assert desk.get(path(answer.json["data"])).json["data"]["possible_duplicate"] is True
    refused(somebody.get(path(first)), 404, "not_found")
    other = signed_in(app, "patient").post(ME, json=facts(last_name="Else", date_of_birth="1950-01-01"))
    assert desk.get(path(other.json["data"])).json["data"]["possible_duplicate"] is False


@pytest.mark.parametrize("field", ["notes", "id", "confirm_new", "status", "mrn", "identifiers", "possible_duplicate"])
def test_what_staff_decide_is_refused(somebody, field):
    assert somebody.post(ME, json=facts(**{field: None})).status_code == 422


@pytest.mark.parametrize("role", ["admin", "doctor", "receptionist", "pharmacist"])
def test_only_users_of_role_patient_make_their_own(app, role):
    refused(signed_in(app, role).post(ME, json=facts()), 403, "forbidden")
    both = signed_in(app, user=make_user(app, role, "patient"))
    assert both.post(ME, json=facts()).status_code == 201
    assert both.get(ME).status_code == 200


def test_it_is_ones_own_and_not_that_of_a_ward(app, somebody):
    ward = make_patient(app)
    desk = signed_in(app, "receptionist")
    contact = {"kind": "guardian", "name": "x", "relationship": "x", "phone": "+16175550100"}
    made = desk.post(path(ward, "contacts"), json={**contact, "user_id": str(somebody.user.id)}).json["data"]
    desk.post(path(ward, "contacts", made["id"], "proxy"), json={"scopes": ["view"]})
    assert somebody.get(path(ward)).status_code == 200
    refused(somebody.get(ME), 404, "not_found")

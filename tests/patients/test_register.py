import uuid
from datetime import date

import pytest

from tests.factories.people import make_patient, make_user, signed_in
from tests.patients.support import CARD, WHOLE, blamed, facts, path, refused, register


def test_every_field_is_stored_and_returned_byte_for_byte(as_role):
    reception = as_role("receptionist")
    answer = reception.post("/patients", json=WHOLE)
    assert answer.status_code == 201
    made = answer.json["data"]
    assert {name: made[name] for name in WHOLE} == WHOLE
    assert made["name"] == "Zoë Ánne-Sofie O'Neill-Łuczak"
    assert made["version"] == 1
    assert made["status"] == "active"
    assert made["mrn"]
    assert answer.headers["Location"].endswith(f"/patients/{made['id']}")
    assert answer.headers["ETag"] == '"1"'
    assert answer.json["success"] is True
    assert answer.json["message"]
    shown = reception.get(path(made)).json["data"]
    assert shown == made


def test_the_least_is_four_fields_and_the_rest_is_null(as_role):
    made = register(as_role("admin"))
    for name in ("middle_name", "phone", "email", "address", "language", "notes", "primary_doctor_id", "deceased_on"):
        assert made[name] is None
    assert made["created_at"].endswith("Z")
    assert made["updated_at"].endswith("Z")


def test_name_and_gender_are_accepted_on_create(as_role):
    body = {"name": "Ana María López", "gender": "female", "date_of_birth": "1990-01-01"}
    made = as_role("admin").post("/patients", json=body).json["data"]
    assert (made["first_name"], made["last_name"], made["sex"]) == ("Ana María", "López", "female")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Ana López"}, "name"),
        ({"gender": "female"}, "gender"),
        ({"first_name": ""}, "first_name"),
        ({"first_name": "   "}, "first_name"),
        ({"first_name": None}, "first_name"),
        ({"last_name": "x" * 101}, "last_name"),
        ({"last_name": "a\nb"}, "last_name"),
        ({"last_name": "a\tb"}, "last_name"),
        ({"last_name": "a\u202eb"}, "last_name"),
        ({"last_name": "a\u2066b"}, "last_name"),
        ({"notes": "a\u202eb"}, "notes"),
        ({"notes": "a\u0007b"}, "notes"),
        ({"sex": "f"}, "sex"),
        ({"sex": "Female"}, "sex"),
        ({"phone": "12345"}, "phone"),
        ({"phone": "555-CALL-NOW"}, "phone"),
        ({"phone": "1" * 16}, "phone"),
        ({"email": "not an address"}, "email"),
        ({"email": "a@b"}, "email"),
        ({"language": "Klingon"}, "language"),
        ({"marital_status": "happy"}, "marital_status"),
        ({"address": {"country": "Germany"}}, "address.country"),
        ({"address": {"planet": "Mars"}}, "address.planet"),
        ({"address": "Main Street"}, "address"),
        ({"date_of_birth": "17.05.1990"}, "date_of_birth"),
        ({"date_of_birth": "1990-02-30"}, "date_of_birth"),
        ({"date_of_birth": "1990-05-17T00:00:00Z"}, "date_of_birth"),
        ({"id": "not-a-uuid"}, "id"),
        ({"confirm_new": "yes"}, "confirm_new"),
        ({"shoe_size": 42}, "shoe_size"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(as_role, change, field):
    answer = as_role("admin").post("/patients", json=facts(**change))
    refused(answer, 422, "validation_failed", field)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "<b>Bo</b>", "a<!-- b", "</p>"])
def test_markup_in_a_line_has_a_code_of_its_own(as_role, name):
    refused(as_role("admin").post("/patients", json=facts(last_name=name)), 422, "markup_not_allowed", "last_name")


def test_each_required_field_is_named(as_role):
    answer = as_role("admin").post("/patients", json={})
    assert {"first_name", "last_name", "date_of_birth", "sex"} <= blamed(answer)


@pytest.mark.parametrize("field", ["mrn", "status", "created_at", "version", "name_of_nobody", "age", "deceased_on"])
def test_only_the_server_writes_some_fields(as_role, field):
    answer = as_role("admin").post("/patients", json=facts(**{field: 1}))
    refused(answer, 422, "validation_failed" if field == "name_of_nobody" else "read_only", field)


@pytest.mark.parametrize(
    ("born", "status"),
    [
        ("2026-03-02", 201),
        ("2026-03-03", 422),
        ("1896-03-02", 201),
        ("1896-03-01", 422),
        ("0001-01-01", 422),
        ("9999-12-31", 422),
    ],
)
def test_a_birth_date_lies_between_today_and_130_years_ago(as_role, clock, born, status):
    answer = as_role("admin").post("/patients", json=facts(date_of_birth=born))
    assert answer.status_code == status, answer.text
    assert status == 201 or blamed(answer) == {"date_of_birth"}


def test_today_is_the_clinics_today(app, clock):
    clock.move_to("2026-03-02T23:30:00+00:00")  # already Tuesday in Berlin
    admin = signed_in(app, "admin")
    assert admin.post("/patients", json=facts(date_of_birth="2026-03-03")).status_code == 201


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("(617) 555-0123", "+16175550123"),
        ("+49 30 1234567", "+49301234567"),
        ("555 1234", "5551234"),
        ("+999 123 4567", "+9991234567"),
        ("123456789012345", "123456789012345"),
    ],
)
def test_a_phone_number_is_never_lost(as_role, typed, kept):
    assert register(as_role("admin"), phone=typed)["phone"] == kept


def test_an_id_made_by_the_client_is_kept_and_a_taken_one_refused(as_role):
    admin, own = as_role("admin"), str(uuid.uuid4())
    assert register(admin, id=own)["id"] == own
    again = admin.post(
        "/patients", json=facts(id=own, first_name="Boris", last_name="Zwick", date_of_birth="1950-01-01")
    )
    refused(again, 409, "id_taken")


def test_the_mrn_is_never_given_twice(as_role):
    admin = as_role("admin")
    first = register(admin)
    admin.post("/patients", json=facts(sex="no"))
    admin.post("/patients", json=facts())
    second = register(admin, first_name="Boris", last_name="Zwick", date_of_birth="1950-01-01")
    admin.delete(path(second))
    third = register(admin, first_name="Cleo", last_name="Yang", date_of_birth="1960-01-01")
    assert len({first["mrn"], second["mrn"], third["mrn"]}) == 3


@pytest.mark.parametrize(
    "again",
    [
        {"first_name": "IDA", "last_name": "quist"},
        {"first_name": "Idá", "last_name": "Qüist"},
        {"first_name": "Quist", "last_name": "Ida"},
        {"first_name": "Ida", "last_name": "Quisst"},
        {"first_name": "Bo", "last_name": "Zwick", "date_of_birth": "1950-01-01", "phone": "617-555-0123"},
        {"first_name": "Bo", "last_name": "Zwick", "date_of_birth": "1950-01-01", "email": "IDA@example.com"},
    ],
)
def test_a_likely_duplicate_is_refused_with_candidates(as_role, again):
    admin = as_role("admin")
    first = register(admin, phone="+16175550123", email="ida@example.com")
    answer = admin.post("/patients", json=facts(**again))
    refused(answer, 409, "possible_duplicate")
    assert answer.json["candidates"] == [{name: first[name] for name in CARD}]


@pytest.mark.parametrize(
    "other",
    [
        {"date_of_birth": "1990-05-18"},
        {"first_name": "Gunnar", "last_name": "Abel"},
    ],
)
def test_somebody_else_is_no_duplicate(as_role, other):
    admin = as_role("admin")
    register(admin)
    assert admin.post("/patients", json=facts(**other)).status_code == 201


def test_who_registers_sees_candidates_outside_their_scope(app, as_role):
    other = make_patient(app, first_name="Ida", last_name="Quist", date_of_birth=date(1990, 5, 17))
    doctor = as_role("doctor")
    assert doctor.get(path(other)).status_code == 404
    answer = doctor.post("/patients", json=facts())
    refused(answer, 409, "possible_duplicate")
    assert [one["id"] for one in answer.json["candidates"]] == [str(other.id)]
    assert set(answer.json["candidates"][0]) <= CARD


def test_confirm_new_goes_on_and_is_on_record(as_role):
    admin = as_role("admin")
    first = register(admin)
    refused(admin.post("/patients", json=facts(confirm_new=False)), 409, "possible_duplicate")
    second = register(admin, confirm_new=True)
    assert second["id"] != first["id"]
    assert second["mrn"] != first["mrn"]
    rows = admin.get(f"/audit-logs?object_id={second['id']}&action=patients.register").json["data"]
    assert [row["note"] for row in rows] == ["confirm_new"]
    assert "confirm_new" not in second


@pytest.mark.parametrize("role", ["pharmacist", "pharmacy_manager", "pharmacy_technician"])
def test_pharmacy_roles_register_walk_in_customers_with_identity_and_contact(as_role, role):
    someone = as_role(role)
    allowed = facts(phone="+16175550123", email="ida@example.com", address={"city": "Boston"})
    answer = someone.post("/patients", json=allowed)
    assert answer.status_code == 201
    assert set(answer.json["data"]) == CARD | {"allergies"}
    refused(someone.post("/patients", json=facts(notes="x")), 403, "field_not_allowed", "notes")


@pytest.mark.parametrize("role", ["technician", "cashier"])
def test_some_roles_register_nobody(as_role, role):
    refused(as_role(role).post("/patients", json=facts()), 403, "forbidden")


def test_a_patient_does_not_register_others(as_role):
    assert as_role("patient").post("/patients", json=facts()).status_code == 403


@pytest.mark.parametrize("role", ["doctor", "nurse"])
def test_the_clinician_who_registers_joins_the_care_team(app, as_role, role):
    someone = as_role(role)
    made = register(someone)
    assert someone.get(path(made)).status_code == 200
    team = as_role("admin").get(path(made, "care-team")).json["data"]
    assert [one["user_id"] for one in team] == [str(someone.user.id)]


def test_a_receptionist_who_registers_joins_nothing(as_role):
    made = register(as_role("receptionist"))
    assert as_role("admin").get(path(made, "care-team")).json["data"] == []


def test_a_second_role_lifts_the_limits_of_the_first(app):
    both = signed_in(app, user=make_user(app, "cashier", "receptionist"))
    assert register(both, notes="x")["notes"] == "x"

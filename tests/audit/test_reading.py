"""Admins read the audit log; everyone reads what they did themselves."""

import uuid

import pytest

from tests.factories.people import make_patient

FIELDS = {
    *("id", "at", "request_id", "actor", "session_id", "address", "method", "route", "action", "object_type"),
    *("object_id", "patient_id", "outcome", "status", "duration_ms", "changed", "object_ids"),
    *("break_glass_id", "on_behalf_of"),
}
ACTIVITY_TYPES = (
    *("login", "logout", "unlock_account", "inventory_update", "create_user", "delete_user", "update_user"),
    *("create_patient", "delete_patient", "update_patient", "create_prescription", "create_medication"),
    *("delete_medication", "update_medication", "other", "error"),
)
OUTSIDE = "0193a3c4-0000-7000-8000-000000000000"


@pytest.fixture
def admin(as_role):
    return as_role("admin")


def rows(who, path="/audit-logs", **query):
    answer = who.get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def test_a_row_has_its_shape(app, admin):
    patient = make_patient(app)
    answer = admin.get(f"/patients/{patient.id}")
    (row,) = rows(admin, request_id=answer.headers["X-Request-ID"])
    assert row.keys() >= FIELDS
    assert row["actor"]["id"] == str(admin.user.id)
    assert row["actor"]["roles"] == ["admin"]
    assert row["at"].endswith("Z")
    assert (row["outcome"], row["status"], row["object_id"]) == ("success", 200, str(patient.id))
    assert row["break_glass_id"] is None
    assert admin.get(f"/audit-logs/{row['id']}").json["data"] == row
    assert admin.get(f"/audit-logs/{uuid.uuid4()}").status_code == 404


def test_an_anonymous_row_has_no_actor(client, admin):
    answer = client.get("/api/v1/patients")
    (row,) = rows(admin, request_id=answer.headers["X-Request-ID"])
    assert (row["actor"], row["session_id"], row["outcome"]) == (None, None, "denied")


def test_the_newest_row_is_first(admin):
    for _ in range(3):
        admin.get("/patients")
    times = [row["at"] for row in rows(admin)]
    assert times == sorted(times, reverse=True)
    assert [row["at"] for row in rows(admin, sort="at")][:3] == sorted(times)[:3]


def test_filters_narrow(app, admin, as_role):
    nurse, patient = as_role("nurse"), make_patient(app)
    admin.get(f"/patients/{patient.id}")
    nurse.get(f"/patients/{patient.id}")
    nurse.get("/users")
    admin.patch(f"/patients/{patient.id}", json={"notes": "x"})
    of_nurse = rows(admin, actor_id=nurse.user.id)
    assert {row["status"] for row in of_nurse} == {200, 404, 403}
    assert {row["actor"]["id"] for row in of_nurse} == {str(nurse.user.id)}
    assert [row["status"] for row in rows(admin, action="patients.update")] == [200]
    assert {row["patient_id"] for row in rows(admin, patient_id=patient.id)} == {str(patient.id)}
    shown = rows(admin, object_type="patient", object_id=patient.id)
    assert {row["action"] for row in shown} >= {"patients.read", "patients.update"}
    assert [row["action"] for row in rows(admin, outcome="denied")] == ["users.list"]
    assert rows(admin, action="patients.update", outcome="failed") == []


def test_time_filters_take_the_first_instant_and_leave_the_last(clock, admin):
    admin.get("/patients/search?q=abc")
    clock.shift(60)
    admin.get("/patients/search?q=abc")
    clock.shift(60)
    admin.get("/patients/search?q=abc")
    query = {"action": "patients.search", "from": "2026-03-02T08:01:00Z", "to": "2026-03-02T09:02:00+01:00"}
    assert [row["at"] for row in rows(admin, **query)] == ["2026-03-02T08:01:00Z"]


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-03-02T08:00:00"},
        {"from": "yesterday"},
        {"actor_id": "17"},
        {"outcome": "fine"},
        {"q": "x"},
        {"sort": "status"},
        {"cursor": "nonsense"},
    ],
)
def test_a_wrong_filter_is_422(admin, query):
    answer = admin.get("/audit-logs", query_string=query)
    assert (answer.status_code, list(answer.json["errors"])) == (422, list(query))


def test_the_cursor_leads_through_all_rows_once_while_new_ones_come(admin):
    for _ in range(9):
        admin.get("/patients")
    before = {row["id"] for row in rows(admin, per_page=100)}
    seen, query = [], {"per_page": 4}
    while True:
        answer = admin.get("/audit-logs", query_string=query)
        seen += [row["id"] for row in answer.json["data"]]
        cursor = answer.json["meta"]["next_cursor"]
        if not cursor:
            break
        query = {"per_page": 4, "cursor": cursor}
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def test_pages_have_totals_and_links(admin):
    for _ in range(5):
        admin.get("/patients/search?q=abc")
    answer = admin.get("/audit-logs", query_string={"action": "patients.search", "per_page": 2, "page": 2})
    assert answer.json["meta"].keys() >= {"page", "per_page", "total", "pages", "next_cursor"}
    assert (answer.json["meta"]["total"], answer.json["meta"]["pages"], len(answer.json["data"])) == (5, 3, 2)
    assert answer.headers["X-Total-Count"] == "5"
    assert 'rel="next"' in answer.headers["Link"]
    assert 'rel="prev"' in answer.headers["Link"]


def test_reading_the_log_is_on_the_log(admin):
    rows(admin)
    assert rows(admin)[0]["action"] == "audit.list"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_writes_the_log(admin, method):
    (row, *_) = rows(admin)
    for path in ("/audit-logs", f"/audit-logs/{row['id']}", "/user-activities"):
        answer = admin.open(method, path, json={"activity_type": "login"})
        assert answer.status_code == 405
        assert "GET" in answer.headers["Allow"]


# Activities


def activities(who, **query):
    return rows(who, "/user-activities", **query)


def test_activities_are_derived_from_the_log(app, client, admin):
    new = {"email": "x@example.com", "first_name": "X", "last_name": "Y", "roles": ["nurse"]}
    user = admin.post("/users", json=new).json["data"]
    admin.patch(f"/users/{user['id']}", json={"first_name": "Z"})
    admin.delete(f"/users/{user['id']}")
    born = {"first_name": "A", "last_name": "B", "date_of_birth": "1990-01-01", "sex": "other"}
    patient = admin.post("/patients", json=born).json["data"]
    admin.put(f"/patients/{patient['id']}", json=born)
    admin.delete(f"/patients/{patient['id']}")
    admin.get("/patients")
    admin.get(f"/patients/{OUTSIDE}")
    found = [row["activity_type"] for row in activities(admin)]
    assert found[::-1] == [
        *("login", "create_user", "update_user", "delete_user"),
        *("create_patient", "update_patient", "delete_patient", "other", "error"),
    ]
    for row in activities(admin):
        assert row.keys() >= {"id", "at", "user_id", "activity_type"}


def test_everyone_but_admins_sees_their_own(admin, as_role):
    nurse, doctor = as_role("nurse"), as_role("doctor")
    doctor.get("/patients")
    assert {row["user_id"] for row in activities(nurse)} == {str(nurse.user.id)}
    assert activities(nurse, user_id=doctor.user.id) == []
    assert {row["user_id"] for row in activities(admin)} == {str(one.user.id) for one in (admin, nurse, doctor)}
    assert {row["user_id"] for row in activities(admin, user_id=doctor.user.id)} == {str(doctor.user.id)}


def test_logout_is_an_activity_of_its_user(client, admin, as_role):
    nurse = as_role("nurse")
    client.post("/api/v1/auth/logout", headers=nurse.tokens.headers)
    assert [row["activity_type"] for row in activities(admin, user_id=nurse.user.id)] == ["logout", "login"]


@pytest.mark.parametrize("activity_type", ACTIVITY_TYPES)
def test_every_type_is_a_filter(admin, activity_type):
    assert {row["activity_type"] for row in activities(admin, activity_type=activity_type)} <= {activity_type}


def test_an_unknown_type_is_422(admin):
    assert admin.get("/user-activities?activity_type=sabotage").status_code == 422

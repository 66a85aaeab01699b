"""Each request leaves exactly one row, whatever becomes of it, and the row holds no content."""

import uuid

import pytest

from server.core.resource import Resource
from server.modules.patients.resources.people import PatientItem
from tests.factories.database import audit_rows, query
from tests.factories.people import API, PASSWORD, bearer, make_patient, make_user, sign_in

OUTSIDE = "0193a3c4-0000-7000-8000-000000000000"
NEW = {"first_name": "Anselm", "last_name": "Kiefer", "date_of_birth": "1945-03-08", "sex": "male"}


@pytest.fixture
def admin(as_role):
    return as_role("admin")


def row_after(app, do):
    """Return the answer and the one row that a request left."""
    before = len(audit_rows(app))
    answer = do()
    rows = audit_rows(app)[before:]
    assert len(rows) == 1, rows
    assert str(rows[0]["request_id"]) == answer.headers["X-Request-ID"]
    assert rows[0]["status"] == answer.status_code
    return answer, rows[0]


def test_a_read_is_recorded(app, admin):
    patient = make_patient(app)
    _, row = row_after(app, lambda: admin.get(f"/patients/{patient.id}"))
    assert (row["method"], row["route"]) == ("GET", "/api/v1/patients/<uuid:patient_id>")
    assert (row["action"], row["object_type"], row["outcome"]) == ("patients.read", "patient", "success")
    assert (row["object_id"], row["patient_id"]) == (patient.id, patient.id)
    assert (row["actor_id"], row["actor_roles"]) == (admin.user.id, ["admin"])
    assert str(row["session_id"]) == admin.tokens.session_id
    assert row["address"] == "127.0.0.1"
    assert 0 <= row["duration_ms"] < 10_000
    assert (row["changed"], row["values_before"], row["values_after"]) == ([], None, None)


def test_a_list_is_recorded_with_what_it_showed(app, admin):
    patients = [make_patient(app) for _ in range(3)]
    _, row = row_after(app, lambda: admin.get("/patients"))
    assert set(row["object_ids"]) == {str(patient.id) for patient in patients}
    assert row["object_count"] == 3
    _, row = row_after(app, lambda: admin.get("/patients?per_page=2"))
    assert (len(row["object_ids"]), row["object_count"]) == (2, 2)


def test_a_creation_is_recorded(app, admin):
    answer, row = row_after(app, lambda: admin.post("/patients", json=NEW))
    assert (answer.status_code, row["outcome"], row["action"]) == (201, "success", "patients.register")
    assert str(row["object_id"]) == str(row["patient_id"]) == answer.json["data"]["id"]
    assert {"first_name", "last_name", "date_of_birth", "sex"} <= set(row["changed"])
    assert (row["version_before"], row["version_after"]) == (None, 1)


def test_a_change_is_recorded_by_the_names_of_its_fields(app, admin):
    patient = make_patient(app)
    change = {"first_name": "Renamed", "phone": "+16175550123", "notes": "Prefers mornings"}
    _, row = row_after(app, lambda: admin.patch(f"/patients/{patient.id}", json=change))
    assert {"first_name", "notes", "phone"} <= set(row["changed"])
    assert not {"last_name", "sex", "version", "updated_at"} & set(row["changed"])
    assert (row["values_before"], row["values_after"]) == (None, None)
    assert row["version_after"] == row["version_before"] + 1


def test_a_deletion_is_recorded(app, admin):
    patient = make_patient(app)
    _, row = row_after(app, lambda: admin.delete(f"/patients/{patient.id}"))
    assert (row["status"], row["outcome"], row["changed"]) == (204, "success", ["status"])
    assert (row["values_before"], row["values_after"]) == ({"status": "active"}, {"status": "inactive"})


def test_head_is_recorded(app, admin):
    patient = make_patient(app)
    _, row = row_after(app, lambda: admin.head(f"/patients/{patient.id}"))
    assert (row["method"], row["status"], row["patient_id"]) == ("HEAD", 200, patient.id)


def test_refusals_are_recorded(app, client, as_role, admin):
    nurse, patient = as_role("nurse"), make_patient(app)
    taken = {"email": nurse.user.email, "first_name": "A", "last_name": "B", "roles": ["nurse"]}
    item = f"/patients/{patient.id}"
    many = {"sort": "nothing"}
    expected = [
        (lambda: client.get(f"{API}/patients"), 401, "denied", None),
        (lambda: client.get(f"{API}/patients", headers=bearer("forged")), 401, "denied", None),
        (
            lambda: client.post(f"{API}/auth/login", json={"email": "x@example.com", "password": "x"}),
            401,
            "denied",
            None,
        ),
        (lambda: nurse.get("/users"), 403, "denied", nurse),
        (lambda: nurse.get(item), 404, "failed", nurse),
        (lambda: admin.get(f"/patients/{OUTSIDE}"), 404, "failed", admin),
        (lambda: admin.get("/no/such/place"), 404, "failed", None),
        (lambda: client.get("/nowhere"), 404, "failed", None),
        (lambda: admin.put("/patients", json={}), 405, "failed", None),
        (lambda: admin.post("/users", json=taken), 409, "failed", admin),
        (lambda: admin.patch(item, json={"notes": "x"}, headers={"If-Match": '"9"'}), 412, "failed", admin),
        (lambda: admin.patch(item, data="x", content_type="text/plain"), 415, "failed", admin),
        (lambda: admin.patch(item, data="{", content_type="application/json"), 400, "failed", admin),
        (lambda: admin.post("/patients", json={}), 422, "failed", admin),
        (lambda: admin.get("/patients", query_string=many), 422, "failed", admin),
    ]
    for number, (do, status, outcome, who) in enumerate(expected):
        answer, row = row_after(app, do)
        assert (number, answer.status_code, row["outcome"]) == (number, status, outcome)
        assert row["actor_id"] == (who.user.id if who else None), number
        assert row["changed"] == []


def test_a_payload_that_is_too_large_is_recorded(app, admin):
    answer, row = row_after(
        app, lambda: admin.post("/patients", data=b" " * (1024 * 1024 + 1), content_type="application/json")
    )
    assert (answer.status_code, row["outcome"]) == (413, "failed")


def test_what_goes_wrong_inside_is_recorded(app, admin, monkeypatch):
    def broken(self, patient_id):
        raise ValueError("the inside, with Anselm Kiefer")

    broken.declaration = PatientItem.patch.declaration
    monkeypatch.setattr(PatientItem, "patch", broken)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    patient = make_patient(app)
    answer, row = row_after(app, lambda: admin.patch(f"/patients/{patient.id}", json={"notes": "x"}))
    assert (answer.status_code, row["outcome"], row["action"]) == (500, "failed", "patients.update")
    assert "Kiefer" not in answer.text


def test_a_limit_that_is_reached_is_recorded(app, make_app):
    user = make_user(app, "admin")
    limited = make_app(RATE_LIMITS_FACTOR="1", RATE_LOOKUP="2 per minute")
    client = limited.test_client()
    headers = sign_in(client, user).headers
    for _ in range(2):
        assert client.get(f"{API}/patients/lookup?mrn=MRN-1", headers=headers).status_code == 200
    answer, row = row_after(app, lambda: client.get(f"{API}/patients/lookup?mrn=MRN-1", headers=headers))
    assert (answer.status_code, row["outcome"], row["actor_id"]) == (429, "failed", user.id)


def test_health_docs_and_preflights_leave_no_row(app, client):
    paths = (
        "/health",
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/docs",
        "/redoc",
        "/docs/problems",
        "/metrics",
    )
    for path in (*paths, "/docs/assets/docs.css"):
        client.get(path)
    asked = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    assert client.options(f"{API}/patients", headers=asked).status_code == 200
    assert audit_rows(app) == []


def test_a_write_that_is_rolled_back_leaves_the_row_of_its_failure_only(app, admin, monkeypatch):
    original = Resource.created

    def fail_late(self, *args, **kwargs):
        original(self, *args, **kwargs)
        raise ValueError("after the change, before the commit")

    monkeypatch.setattr(Resource, "created", fail_late)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    answer, row = row_after(app, lambda: admin.post("/patients", json=NEW))
    assert (answer.status_code, row["outcome"], row["changed"], row["values_after"]) == (500, "failed", [], None)
    assert query(app, "SELECT id FROM patients") == []


def test_no_content_ever_enters_the_log(app, admin, client):
    secrets = {
        "first_name": "Xanthippe",
        "last_name": "Quaresma",
        "notes": "whispers at midnight",
        "email": "xanthippe@example.org",
        "occupation": "lighthouse keeper",
        "address": {"line1": "Zanzibar Road 5", "city": "Timbuktu"},
    }
    made = admin.post("/patients", json={**NEW, **secrets, "phone": "+16175550177"})
    path = f"/patients/{made.json['data']['id']}"
    admin.patch(path, json={"notes": "whispers at noon", "last_name": "Vermouth"})
    admin.put(path, json={**NEW, "notes": "gone"})
    admin.get("/patients/search", query_string={"q": "Xanthippe"})
    admin.get("/patients", query_string={"q": "quaresma", "city": "Timbuktu"})
    admin.get(
        "/patients/lookup", query_string={"last_name": "Quaresma", "first_name": "X", "date_of_birth": "1945-03-08"}
    )
    admin.get("/patients/Xanthippe")
    admin.get("/Xanthippe/Quaresma")
    admin.post("/patients", json={"first_name": "Xanthippe", "unknown": "Timbuktu"})
    client.post(f"{API}/auth/login", json={"email": "xanthippe@example.org", "password": "hunter2hunter2"})
    recorded = "\n".join(map(repr, query(app, "SELECT * FROM audit_logs")))
    words = ("Xanthippe", "xanthippe", "Quaresma", "quaresma", "whispers", "lighthouse", "Zanzibar", "Timbuktu")
    for secret in (
        *words,
        "Vermouth",
        "6175550177",
        "1945",
        "hunter2",
        PASSWORD,
        admin.tokens.access,
        admin.tokens.refresh,
    ):
        assert secret not in recorded, secret


def test_a_request_id_of_the_caller_is_kept_if_it_is_one(app, admin):
    own = str(uuid.uuid4())
    answer, row = row_after(app, lambda: admin.get("/patients", headers={"X-Request-ID": own}))
    assert answer.headers["X-Request-ID"] == own == str(row["request_id"])
    answer, _ = row_after(app, lambda: admin.get("/patients", headers={"X-Request-ID": "<script>"}))
    assert uuid.UUID(answer.headers["X-Request-ID"])


def test_actors_roles_are_those_of_the_moment(app, admin, as_role):
    nurse = as_role("nurse")
    nurse.get("/patients")
    admin.patch(f"/users/{nurse.user.id}", json={"roles": ["cashier"]})
    nurse.get("/patients")
    roles = [row["actor_roles"] for row in audit_rows(app) if row["action"] == "patients.list"]
    assert roles == [["nurse"], ["cashier"]]

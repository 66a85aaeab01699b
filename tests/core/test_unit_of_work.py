"""One commit per request: change and row together, what follows afterwards never an error of the answer."""

import pytest
from sqlalchemy.exc import OperationalError

from server.core import trail as trails
from server.core.db import db
from server.core.uow import after_commit, command, unit_of_work
from server.modules.patients.resources.people import PatientCollection, PatientItem
from server.modules.records.resources.records import RecordCollection
from tests.factories.database import audit_rows, query
from tests.factories.people import make_patient, make_user, sign_in, signed_in

NEW = {"first_name": "A", "last_name": "B", "date_of_birth": "1990-01-01", "sex": "other"}


@pytest.fixture
def afterwards(monkeypatch):
    """Give a way to have something done after the commit of a registration."""

    def arrange(*work):
        original = PatientCollection.post

        def post(self):
            response = original(self)
            for step in work:
                after_commit(step)
            return response

        post.declaration = original.declaration
        monkeypatch.setattr(PatientCollection, "post", post)

    return arrange


def test_a_failure_after_the_commit_is_logged_and_not_answered(app, as_role, afterwards, capsys):
    done = []

    def fail():
        raise ConnectionError("the push service is away")

    afterwards(fail, lambda: done.append("the next step"))
    answer = as_role("admin").post("/patients", json=NEW)
    assert answer.status_code == 201
    assert done == ["the next step"]
    assert len(query(app, "SELECT id FROM patients")) == 1
    assert audit_rows(app)[-1]["status"] == 201


def test_what_follows_sees_the_committed_change(app, as_role, afterwards):
    seen = []
    afterwards(lambda: seen.append(len(query(app, "SELECT id FROM patients"))))
    assert as_role("admin").post("/patients", json=NEW).status_code == 201
    assert seen == [1]


def test_nothing_follows_a_rollback(app, as_role, afterwards):
    done = []
    afterwards(lambda: done.append("done"))
    admin = as_role("admin")
    assert admin.post("/patients", json={**NEW, "sex": "?"}).status_code == 422
    assert admin.post("/patients", json=NEW).status_code == 201
    assert admin.post("/patients", json=NEW).status_code == 409
    assert done == ["done"]


def test_a_commit_that_fails_leaves_nothing_but_the_row_of_the_failure(app, as_role, monkeypatch):
    admin = as_role("admin")

    def fail():
        raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    with app.app_context():
        monkeypatch.setattr(db.session, "commit", fail)
    answer = admin.post("/patients", json=NEW)
    monkeypatch.undo()
    assert answer.status_code == 503
    assert query(app, "SELECT id FROM patients") == []
    row = audit_rows(app)[-1]
    assert (row["status"], row["outcome"], row["changed"]) == (503, "failed", [])


def test_a_command_has_a_row_of_its_own(app):
    with app.app_context(), command("tests.something", "thing"):
        pass
    (row,) = query(app, "SELECT action, method, status, outcome FROM audit_logs")
    assert row == {"action": "tests.something", "method": "COMMAND", "status": 200, "outcome": "success"}


def fail_in_a_command():
    with command("tests.something"):
        db.session.execute(db.text("INSERT INTO counters (name, value) VALUES ('toys', 1)"))
        raise ZeroDivisionError


def test_a_command_that_fails_changes_nothing(app):
    with app.app_context(), pytest.raises(ZeroDivisionError):
        fail_in_a_command()
    assert query(app, "SELECT name FROM counters WHERE name = 'toys'") == []
    assert query(app, "SELECT action FROM audit_logs WHERE outcome = 'success'") == []


def test_there_is_no_unit_of_work_without_something_to_record(app):
    with app.app_context(), pytest.raises(AttributeError), unit_of_work():
        pass


def test_a_request_holds_one_connection_at_a_time(app, make_app, as_role):
    # With a pool of one, a second connection in the same request would wait for ever.
    small = make_app(DATABASE_POOL_SIZE="1")
    with small.app_context():
        db.engine.pool._max_overflow = 0
        db.engine.pool._timeout = 0.2
    client = small.test_client()
    headers = sign_in(client, make_user(app, "admin")).headers
    assert client.post("/api/v1/patients", json=NEW, headers=headers).status_code == 201
    assert client.post("/api/v1/patients", json=NEW, headers=headers).status_code == 409
    assert client.get("/api/v1/patients", headers=headers).status_code == 200
    assert client.post("/api/v1/auth/logout", headers=headers).status_code == 200


def ended(state):
    """Return the error of a transaction that the database ended with this state."""
    reason = Exception("ended because of another transaction")
    reason.sqlstate = state
    return OperationalError("INSERT", {}, reason)


@pytest.mark.parametrize("state", ["40P01", "40001"])
def test_a_transaction_that_was_in_the_way_is_begun_again(app, as_role, monkeypatch, state):
    original, tries = PatientCollection.post, []

    def post(self):
        response = original(self)
        tries.append(response.status_code)
        if len(tries) < 3:
            raise ended(state)
        return response

    post.declaration = original.declaration
    monkeypatch.setattr(PatientCollection, "post", post)
    assert as_role("admin").post("/patients", json=NEW).status_code == 201
    assert tries == [201, 201, 201]
    assert len(query(app, "SELECT id FROM patients")) == 1
    assert [row["status"] for row in audit_rows(app) if row["action"] == "patients.register"] == [201]


def test_each_attempt_finds_all_that_was_sent(app, monkeypatch):
    user = make_user(app, "patient")
    chart = make_patient(app, user_id=user.id)
    original, found = RecordCollection.post, []

    def post(self):
        found.append((sorted(self.body), dict(self.body["diagnosis"]), list(self.body["prescriptions"])))
        response = original(self)
        if len(found) == 1:
            self.body["diagnosis"].clear()
            self.body["prescriptions"].clear()
            raise ended("40P01")
        return response

    post.declaration = original.declaration
    monkeypatch.setattr(RecordCollection, "post", post)
    sent = {"diagnosis": {"display": "Flu"}, "prescriptions": ["Tea"], "patient_id": str(chart.id)}
    answer = signed_in(app, user=user).post("/records", json=sent)
    assert answer.status_code == 201, answer.text
    assert found[0] == found[1]
    shown = answer.json["data"]
    assert (shown["diagnosis"]["display"], shown["prescriptions"]) == ("Flu", ["Tea"])


def test_the_trail_tells_nothing_of_what_was_rolled_back(app, as_role, monkeypatch):
    admin = as_role("admin")
    chart = admin.post("/patients", json=NEW).json["data"]
    original, tries = PatientItem.patch, []

    def patch(self, patient_id):
        trail = trails.current()
        if tries:
            return original(self, patient_id)
        tries.append(1)
        original(self, patient_id)
        db.session.flush()
        trail.note, trail.version_before = "of the first attempt", 7
        trail.changed.add("city")
        trail.values_after["status"] = "inactive"
        raise ended("40P01")

    patch.declaration = original.declaration
    monkeypatch.setattr(PatientItem, "patch", patch)
    assert admin.patch(f"/patients/{chart['id']}", json={"first_name": "C"}).status_code == 200
    (row,) = [row for row in audit_rows(app) if row["method"] == "PATCH"]
    told = {name: row[name] for name in ("note", "version_before", "version_after", "changed", "values_after")}
    assert told == {
        "note": "",
        "version_before": 1,
        "version_after": 2,
        "changed": ["first_name"],
        "values_after": None,
    }
    assert row["actor_id"] == admin.user.id


def test_a_transaction_is_not_begun_again_for_ever(app, as_role, monkeypatch):
    original, tries = PatientCollection.post, []

    def post(_self):
        tries.append(1)
        raise ended("40P01")

    post.declaration = original.declaration
    monkeypatch.setattr(PatientCollection, "post", post)
    assert as_role("admin").post("/patients", json=NEW).status_code == 503
    assert len(tries) == 3

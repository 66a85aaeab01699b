"""A death, and the way back."""

import uuid

import pytest

from server.core.errors import Conflict
from server.modules.patients import signals
from tests.factories.database import audit_rows, query
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import facts, ids, path, refused, register


@pytest.fixture
def desk(app):
    """Give a client signed in as a receptionist."""
    return signed_in(app, "receptionist")


@pytest.fixture
def admin(app):
    """Give a client signed in as an admin."""
    return signed_in(app, "admin")


@pytest.fixture
def stops():
    """Give the reasons for which patients were stopped."""
    heard = []

    def hear(_sender, *, patient, actor, reason):
        heard.append((patient.id, actor.user_id, str(reason)))

    signals.stopped.connect(hear)
    yield heard
    signals.stopped.disconnect(hear)


@pytest.mark.parametrize(
    "change", [{"deceased_on": "2020-05-17"}, {"status": "deceased"}, {"status": "active", "deceased_on": "2020-05-17"}]
)
def test_staff_write_a_death(app, desk, stops, change):
    made = register(desk)
    answer = desk.patch(path(made), json=change)
    assert answer.status_code == 200, answer.text
    shown = answer.json["data"]
    assert shown["status"] == "deceased"
    assert shown["deceased_on"] == change.get("deceased_on")
    assert [(str(patient), reason) for patient, _, reason in stops] == [(made["id"], "deceased")]
    row = audit_rows(app)[-1]
    assert (row["values_before"]["status"], row["values_after"]["status"]) == ("active", "deceased")
    # The date is corrected, or taken back as unknown, without a second death.
    assert desk.patch(path(made), json={"deceased_on": "2020-05-18"}).json["data"]["deceased_on"] == "2020-05-18"
    assert desk.patch(path(made), json={"deceased_on": None}).json["data"]["status"] == "deceased"
    assert len(stops) == 1


def test_get_edit_put_keeps_the_dead_dead(desk):
    made = register(desk)
    dead = desk.patch(path(made), json={"deceased_on": "2020-05-17"}).json["data"]
    again = desk.put(path(made), json={**dead, "occupation": "Baker"}).json["data"]
    assert (again["status"], again["deceased_on"]) == ("deceased", "2020-05-17")
    living = register(desk, last_name="Other", date_of_birth="1950-01-01")
    assert desk.put(path(living), json={**living, "occupation": "Baker"}).json["data"]["status"] == "active"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"deceased_on": "2026-03-03"}, "deceased_on"),
        ({"deceased_on": "1990-05-16"}, "deceased_on"),
        ({"deceased_on": "2000-01-01", "date_of_birth": "2000-01-02"}, "deceased_on"),
        ({"deceased_on": "soon"}, "deceased_on"),
        ({"status": "inactive"}, "status"),
        ({"status": "merged"}, "status"),
        ({"status": "gone"}, "status"),
        ({"status": None}, "status"),
    ],
)
def test_what_is_no_death_is_refused(app, clock, change, field):
    desk = signed_in(app, "receptionist")
    made = register(desk)
    refused(desk.patch(path(made), json=change), 422, "validation_failed", field)
    assert desk.get(path(made)).json["data"] == made


@pytest.mark.parametrize("day", ["1990-05-17", "2026-03-02"])
def test_one_may_die_on_the_day_of_birth_and_today(app, clock, day):
    desk = signed_in(app, "receptionist")
    made = register(desk, date_of_birth="1990-05-17")
    assert desk.patch(path(made), json={"deceased_on": day}).status_code == 200


def test_a_birth_date_does_not_move_behind_a_death(desk):
    made = register(desk)
    desk.patch(path(made), json={"deceased_on": "2020-05-17"})
    refused(desk.patch(path(made), json={"date_of_birth": "2020-05-18"}), 422, "validation_failed", "deceased_on")


def test_patients_write_no_death_and_create_none(app, desk):
    somebody = signed_in(app, "patient")
    own = make_patient(app, user_id=somebody.user.id)
    refused(somebody.patch(path(own), json={"status": "deceased"}), 403, "field_not_allowed", "status")
    refused(somebody.patch(path(own), json={"deceased_on": "2020-01-01"}), 403, "field_not_allowed", "deceased_on")
    refused(desk.post("/patients", json=facts(status="deceased")), 422, "read_only", "status")
    refused(desk.post("/patients", json=facts(deceased_on="2020-01-01")), 422, "read_only", "deceased_on")


def test_what_upper_rooms_veto_does_not_happen(app, desk):
    class TooSoon(Conflict):
        """Not now."""

        code = "conflict"

    def refuse(_sender, **_kwargs):
        raise TooSoon

    made = register(desk)
    with signals.stopped.connected_to(refuse):
        refused(desk.patch(path(made), json={"status": "deceased"}), 409, "conflict")
    assert desk.get(path(made)).json["data"] == made


def test_history_may_be_completed_after_death(app, admin):
    doctor = signed_in(app, "doctor")
    made = register(doctor)
    admin.patch(path(made), json={"status": "deceased"})
    assert doctor.post(path(made, "conditions"), json={"display": "Sepsis"}).status_code == 201
    refused(admin.delete(path(made)), 409, "patient_deceased")


@pytest.mark.parametrize("how", ["inactive", "deceased"])
def test_an_admin_brings_back(app, admin, stops, how):
    made = register(admin)
    if how == "inactive":
        assert admin.delete(path(made)).status_code == 204
    else:
        admin.patch(path(made), json={"deceased_on": "2020-05-17"})
    assert [reason for *_, reason in stops] == [how]
    answer = admin.post(path(made, "reactivate"))
    assert answer.status_code == 200, answer.text
    shown = answer.json["data"]
    assert (shown["status"], shown["deceased_on"], shown["version"]) == ("active", None, 3)
    row = audit_rows(app)[-1]
    assert (row["action"], row["values_after"]["status"]) == ("patients.reactivate", "active")
    assert ids(admin.get("/patients")) == [made["id"]]
    again = admin.post(path(made, "reactivate"), json={})
    assert again.json["data"] == shown


def test_nobody_else_does(app, desk):
    made = register(desk)
    for role in ("doctor", "nurse", "receptionist", "technician", "cashier", "patient"):
        someone = signed_in(app, role)
        relate(app, uuid.UUID(made["id"]), someone.user.id)
        refused(someone.post(path(made, "reactivate")), 403, "forbidden")


def test_an_unknown_patient_is_not_found(admin):
    refused(admin.post(path(admin.user.id, "reactivate")), 404, "not_found")


def test_a_dead_patient_stays_in_the_lists_and_ages_no_more(app, desk):
    made = register(desk, date_of_birth="1990-05-17")
    shown = desk.patch(path(made), json={"deceased_on": "2020-05-16"}).json["data"]
    assert shown["age"] == 29
    assert ids(desk.get("/patients?status=deceased")) == [made["id"]]
    assert query(app, "SELECT status FROM patients") == [{"status": "deceased"}]

"""Who sees which visits, and how much of each."""

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from server.core import clock as clocks
from tests.appointments.visits import make_proxy
from tests.factories.calendar import make_doctor, signed_in_doctor, written
from tests.factories.charts import make_visit
from tests.factories.database import audit_rows
from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import ids, path, refused
from tests.visits.support import CARD, FULL, one, verb, walk_in


@pytest.fixture
def doctor(app):
    return signed_in_doctor(app)


@pytest.fixture
def patient(app):
    return make_patient(app)


@pytest.fixture
def visit(doctor, patient):
    return walk_in(doctor[0], patient, chief_complaint="Cough", diagnoses=[{"display": "Gout"}])


def fields(answer):
    assert answer.status_code == 200, answer.text
    data = answer.json["data"]
    return set(data if isinstance(data, dict) else data[0])


def test_who_opened_it_sees_all(doctor, visit):
    assert fields(doctor[0].get(one(visit))) == FULL
    assert fields(doctor[0].get("/visits")) == FULL
    assert doctor[0].get("/visits").json["data"] == [visit]


@pytest.mark.parametrize("role", ["receptionist", "technician"])
def test_who_does_not_read_charts_sees_the_card(app, visit, role):
    someone = signed_in(app, role)
    assert fields(someone.get(one(visit))) == CARD
    assert fields(someone.get("/visits")) == CARD
    steps = someone.get(one(visit, "history")).json["data"]
    assert set(steps[0]) == {"id", "at", "actor", "from_status", "to_status"}


def test_a_nurse_sees_all_while_it_is_open(app, doctor, visit):
    nurse = signed_in(app, "nurse")
    assert fields(nurse.get(one(visit))) == FULL
    verb(doctor[0], visit, "complete")
    refused(nurse.get(one(visit)), 404, "not_found")
    assert ids(nurse.get("/visits")) == []
    verb(doctor[0], visit, "reopen", reason="x")
    assert fields(nurse.get(one(visit))) == FULL
    verb(doctor[0], visit, "complete")
    refused(nurse.get(one(visit)), 404, "not_found")


def test_a_nurse_who_opened_it_goes_on_caring(app, doctor, patient):
    nurse = signed_in(app, "nurse")
    visit = walk_in(nurse, patient, doctor[1])
    verb(doctor[0], visit, "complete")
    assert fields(nurse.get(one(visit))) == FULL


def test_the_doctor_of_a_visit_reads_the_chart(app, doctor, patient):
    me, own = doctor
    refused(me.get(path(patient)), 404, "not_found")
    visit = walk_in(signed_in(app, "receptionist"), patient, own)
    assert me.get(path(patient, "conditions")).status_code == 200
    verb(me, visit, "complete")
    assert me.get(path(patient, "conditions")).status_code == 200


def test_the_relation_goes_with_the_doctors_account(app, patient):
    first, second = make_user(app, "doctor"), make_user(app, "doctor")
    own = make_doctor(app, user_id=first.id)
    admin, nurse = signed_in(app, "admin"), signed_in(app, "nurse")
    visit = walk_in(nurse, patient, own)
    assert signed_in(app, user=first).get(one(visit)).status_code == 200
    answer = admin.patch(f"/doctors/{own.id}", json={"user_id": str(second.id)})
    assert answer.status_code == 200, answer.text
    assert signed_in(app, user=second).get(one(visit)).status_code == 200
    refused(signed_in(app, user=first).get(one(visit)), 404, "not_found")
    assert nurse.get(one(visit)).status_code == 200


def test_others_do_not_see_it(app, visit):
    other = signed_in(app, "doctor")
    refused(other.get(one(visit)), 404, "not_found")
    refused(other.get(one(visit, "history")), 404, "not_found")
    assert ids(other.get("/visits")) == []
    refused(other.get(one(uuid.uuid4())), 404, "not_found")
    for role in ("pharmacist", "cashier", "pharmacy_manager", "pharmacy_technician"):
        refused(signed_in(app, role).get(one(visit)), 403, "forbidden")


def test_a_patient_sees_the_card_until_it_is_completed(app, doctor):
    user = make_user(app, "patient")
    visit = walk_in(doctor[0], make_patient(app, user_id=user.id), chief_complaint="Cough")
    walk_in(doctor[0], make_patient(app))
    me = signed_in(app, user=user)
    assert fields(me.get(one(visit))) == CARD
    assert ids(me.get("/visits")) == [visit["id"]]
    assert fields(me.get("/visits")) == CARD
    verb(doctor[0], visit, "complete")
    assert fields(me.get(one(visit))) == FULL
    assert fields(me.get("/visits")) == FULL
    assert me.get(one(visit)).json["data"]["chief_complaint"] == "Cough"
    verb(doctor[0], visit, "reopen", reason="x")
    assert fields(me.get(one(visit))) == CARD


def test_patients_see_nobody_elses(app, visit):
    other = make_user(app, "patient")
    make_patient(app, user_id=other.id)
    refused(signed_in(app, user=other).get(one(visit)), 404, "not_found")
    assert ids(signed_in(app, user=other).get("/visits")) == []


def test_a_proxy_who_may_view_sees_what_the_patient_sees(app, doctor, patient, visit):
    user = make_user(app, "patient")
    desk, guardian = signed_in(app, "receptionist"), signed_in(app, user=user)
    make_proxy(desk, patient.id, user, "book")
    refused(guardian.get(one(visit)), 404, "not_found")
    viewer = make_user(app, "patient")
    make_proxy(desk, patient.id, viewer, "view")
    assert fields(signed_in(app, user=viewer).get(one(visit))) == CARD
    verb(doctor[0], visit, "complete")
    assert fields(signed_in(app, user=viewer).get(one(visit))) == FULL
    assert fields(signed_in(app, user=viewer).get("/visits")) == FULL


def test_several_roles_see_row_by_row(app, doctor, visit, patient):
    both = signed_in(app, "receptionist", "doctor")
    mine, cared = make_patient(app), walk_in(doctor[0], patient)
    relate(app, mine.id, both.user.id)
    seen = walk_in(doctor[0], mine, notes="x")
    shown = {row["id"]: set(row) for row in both.get("/visits").json["data"]}
    assert shown == {visit["id"]: CARD, cared["id"]: CARD, seen["id"]: FULL}
    assert fields(both.get(one(seen))) == FULL
    assert fields(both.get(one(visit))) == CARD


def test_a_doctor_sees_their_own_chart_as_a_patient(app, doctor):
    user = make_user(app, "doctor", "patient")
    own = make_patient(app, user_id=user.id)
    relate(app, own.id, user.id)
    visit = walk_in(doctor[0], own, notes="x")
    me = signed_in(app, user=user)
    assert fields(me.get(one(visit))) == CARD
    assert fields(me.get("/visits")) == CARD
    assert fields(me.get(f"/visits?patient_id={own.id}")) == CARD


def test_glass_shows_one_chart_where_it_is_named(app, visit, patient):
    for role, shown in (("admin", FULL), ("doctor", FULL), ("technician", CARD)):
        someone = signed_in(app, role)
        someone.post(path(patient, "break-glass"), json={"reason": "Emergency"})
        assert fields(someone.get(one(visit))) == shown
        assert fields(someone.get(f"/visits?patient_id={patient.id}")) == shown
    assert ids(signed_in(app, "admin").get("/visits")) == []


def test_lists_are_filtered(app, doctor, patient):
    me, own = doctor
    now, other = clocks.now(), make_doctor(app)
    relate(app, patient.id, me.user.id)
    old = make_visit(app, patient.id, own.id, started_at=now - timedelta(days=9), visit_type="emergency")
    new = make_visit(app, patient.id, other.id, started_at=now - timedelta(days=1), status="completed")
    stranger = make_patient(app)
    relate(app, stranger.id, me.user.id)
    third = make_visit(app, stranger.id, own.id, started_at=now - timedelta(days=5))

    def found(query):
        return [uuid.UUID(one) for one in ids(me.get(f"/visits?{query}"))]

    assert found("") == [new, third, old]
    assert found("sort=started_at") == [old, third, new]
    assert found(f"patient_id={patient.id}") == [new, old]
    assert found(f"patient_id={uuid.uuid4()}") == []
    assert found(f"doctor_id={own.id}") == [third, old]
    assert found(f"visit_id={third}") == [third]
    assert found("status=completed") == [new]
    assert found("visit_type=emergency") == [old]
    assert found(f"from={written(now - timedelta(days=5))}") == [new, third]
    assert found(f"to={written(now - timedelta(days=5))}") == [old]
    day = (now - timedelta(days=5)).astimezone(ZoneInfo("Europe/Berlin")).date()
    assert found(f"from={day}&to={day}") == [third]
    assert found(f"appointment_id={uuid.uuid4()}") == []
    refused(me.get(f"/visits?from={day}&to={day - timedelta(days=1)}"), 422, "validation_failed", "to")
    refused(me.get("/visits?doctor=x"), 422, "validation_failed", "doctor")


def test_cancelled_visits_are_listed_and_errors_are_not(app, doctor, patient):
    me, own = doctor
    relate(app, patient.id, me.user.id)
    cancelled = make_visit(app, patient.id, own.id, status="cancelled")
    wrong = make_visit(app, patient.id, own.id, status="entered_in_error")
    assert ids(me.get("/visits")) == [str(cancelled)]
    assert ids(me.get(f"/visits?visit_id={wrong}")) == []
    assert ids(me.get("/visits?status=entered_in_error")) == [str(wrong)]


def test_an_imported_visit_may_lack_a_doctor(app, doctor, patient):
    relate(app, patient.id, doctor[0].user.id)
    visit = make_visit(app, patient.id, status="completed")
    shown = doctor[0].get(one(visit)).json["data"]
    assert (shown["doctor"], shown["doctor_id"], shown["source"]) == (None, None, "imported")


def test_the_detail_of_a_patient_says_when_they_were_here(app, doctor, patient, clock):
    me, own = signed_in_doctor(app)
    relate(app, patient.id, me.user.id)

    def last():
        return me.get(path(patient)).json["data"]["last_visit_on"]

    assert last() is None
    make_visit(app, patient.id, own.id, started_at=clocks.now() - timedelta(days=9), status="completed")
    # Half past eleven at night in UTC is the next day in the clinic, which is in Berlin.
    late = clocks.now().replace(hour=23, minute=30) - timedelta(days=3)
    make_visit(app, patient.id, own.id, started_at=late)
    make_visit(app, patient.id, own.id, status="cancelled")
    make_visit(app, patient.id, own.id, status="entered_in_error")
    assert last() == (late.date() + timedelta(days=1)).isoformat()
    refused(me.patch(path(patient), json={"last_visit_on": "2026-01-01"}), 422, "read_only", "last_visit_on")


def test_the_timeline_has_visits_that_took_place(app, doctor, patient):
    me, own = doctor
    first, second = walk_in(me, patient), walk_in(me, patient)
    verb(me, first, "complete")
    verb(me, second, "cancel", reason="x")
    events = me.get(path(patient, "timeline")).json["data"]
    told = {one["kind"]: one for one in events if one["object_type"] == "visit"}
    assert told.keys() == {"visit_opened", "visit_completed"}
    assert all(one["object_id"] == first["id"] for one in told.values())
    assert told["visit_opened"]["doctor"] == {"id": str(own.id), "name": f"{own.first_name} {own.last_name}"}


@pytest.mark.parametrize("code", ["U07.1", "J45"])
def test_a_condition_names_the_visit_at_which_it_was_found(doctor, patient, visit, code):
    me, _ = doctor
    body = {"code": code, "display": "x", "visit_id": visit["id"]}
    made = me.post(path(patient, "conditions"), json=body).json["data"]
    assert (made["visit_id"], made["code"]) == (visit["id"], code)
    assert me.get(path(patient, "conditions", made["id"])).json["data"] == made


def test_a_condition_is_found_at_an_open_visit_of_the_patient(app, doctor, patient, visit):
    me, _ = doctor
    conditions = path(patient, "conditions")
    made = me.post(conditions, json={"display": "Gout", "visit_id": visit["id"]}).json["data"]
    free = me.post(conditions, json={"display": "Asthma"}).json["data"]
    others = walk_in(me, make_patient(app))
    refused(me.post(conditions, json={"display": "x", "visit_id": others["id"]}), 404, "not_found")
    refused(me.post(conditions, json={"display": "x", "visit_id": str(uuid.uuid4())}), 404, "not_found")
    verb(me, visit, "complete")
    refused(me.post(conditions, json={"display": "x", "visit_id": visit["id"]}), 409, "visit_closed")
    named = {"visit_id": visit["id"], "version": 1}
    refused(me.patch(f"{conditions}/{free['id']}", json=named), 409, "visit_closed")
    refused(me.patch(f"{conditions}/{made['id']}", json={"visit_id": None, "version": 1}), 409, "visit_closed")
    # It lasts beyond the visit: what becomes of it is written later.
    resolved = {"status": "resolved", "resolved_on": "2026-01-01", "visit_id": visit["id"], "version": 1}
    assert me.patch(f"{conditions}/{made['id']}", json=resolved).status_code == 200


def test_what_was_entered_in_error_is_for_staff_alone(app, doctor):
    me, _ = doctor
    user, guardian = make_user(app, "patient"), make_user(app, "patient")
    own = make_patient(app, user_id=user.id)
    make_proxy(signed_in(app, "receptionist"), own.id, guardian, "view")
    made, kept = walk_in(me, own), walk_in(me, own)
    assert me.delete(f"{one(made)}?reason=Mr+Other", headers={"If-Match": '"1"'}).status_code == 204
    in_error = "/visits?status=entered_in_error"
    for someone in (signed_in(app, user=user), signed_in(app, user=guardian)):
        assert ids(someone.get("/visits")) == [kept["id"]]
        for where in (in_error, f"{in_error}&patient_id={own.id}"):
            assert ids(someone.get(where)) == []
        for where in (one(made), one(made, "history"), one(made, "summary.pdf")):
            refused(someone.get(where), 404, "not_found")
    for someone in (me, signed_in(app, "receptionist")):
        assert ids(someone.get(in_error)) == ids(someone.get(f"{in_error}&patient_id={own.id}")) == [made["id"]]
        assert someone.get(one(made)).json["data"]["status"] == "entered_in_error"


def test_a_list_names_the_patient_and_the_proxy_in_the_audit_log(app, doctor, patient, visit):
    guardian = make_user(app, "patient")
    make_proxy(signed_in(app, "receptionist"), patient.id, guardian, "view")
    for someone, proxied in ((doctor[0], None), (signed_in(app, user=guardian), patient.id)):
        assert ids(someone.get("/visits")) == [visit["id"]]
        row = audit_rows(app)[-1]
        assert (row["action"], row["patient_id"], row["on_behalf_of"]) == ("visits.list", patient.id, proxied)
    walk_in(doctor[0], make_patient(app))
    assert len(ids(doctor[0].get("/visits"))) == 2
    row = audit_rows(app)[-1]
    assert (row["patient_id"], row["on_behalf_of"]) == (None, None)

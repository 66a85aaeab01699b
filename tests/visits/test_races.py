"""Two at once at one visit: either what is written is in before it closes, or it is refused."""

import pytest

from server.modules.visits.models import Visit
from tests.factories.calendar import signed_in_doctor
from tests.factories.people import make_patient, signed_in
from tests.patients.test_races import at_once, send
from tests.visits.support import agreed, one, rows, stands, walk_in

ROUNDS = 6


@pytest.fixture
def doctor(app):
    return signed_in_doctor(app)


def told(answers):
    """Return status and code of each."""
    return [(status, None if status < 400 else body[0]["code"]) for status, body in answers]


def test_completing_beside_what_is_written(live_server, app, doctor):
    me, _ = doctor
    patient = make_patient(app)
    for _ in range(ROUNDS):
        visit = walk_in(me, patient)
        acts = [
            ("POST", one(visit, "complete"), {}),
            ("POST", one(visit, "notes"), {"plan": "Rest"}),
            ("POST", f"/patients/{patient.id}/conditions", {"display": "Gout", "visit_id": visit["id"]}),
            ("PATCH", one(visit), {"notes": "x", "version": 1}),
        ]
        answers = told(at_once(len(acts), lambda n, acts=acts: send(live_server, me, *acts[n])))
        assert answers[0] == (200, None)
        assert answers[1] in [(201, None), (409, "visit_closed")]
        assert answers[2] in [(201, None), (409, "visit_closed")]
        assert answers[3] in [(200, None), (409, "visit_closed")]
        shown = me.get(one(visit)).json["data"]
        assert shown["status"] == "completed"
        assert (shown["notes"] == "x") == (answers[3][0] == 200)


def test_calling_off_beside_what_is_written(live_server, app, doctor):
    me, _ = doctor
    patient = make_patient(app)
    for _ in range(ROUNDS):
        visit = walk_in(me, patient)
        acts = [("POST", one(visit, "cancel"), {"reason": "x"}), ("POST", one(visit, "notes"), {"plan": "Rest"})]
        answers = told(at_once(2, lambda n, acts=acts: send(live_server, me, *acts[n])))
        assert answers in (
            [(200, None), (409, "visit_closed")],
            [(409, "visit_has_content"), (201, None)],
        )


def test_of_many_who_open_one_appointment_one_does(live_server, app, doctor):
    me, own = doctor
    desk = signed_in(app, "receptionist")
    for _ in range(3):
        appointment_id = agreed(app, own, make_patient(app))
        body = {"appointment_id": str(appointment_id)}
        answers = at_once(8, lambda n, body=body: send(live_server, (me, desk)[n % 2], "POST", "/visits", body))
        assert sorted(told(answers)) == [(201, None), *[(409, "visit_exists")] * 7]
        assert len(rows(app, Visit, appointment_id=appointment_id)) == 1
        assert stands(app, appointment_id)[0] == "in_progress"


def test_completing_a_visit_beside_its_appointment(live_server, app, doctor):
    me, own = doctor
    desk = signed_in(app, "receptionist")
    for _ in range(ROUNDS):
        appointment_id = agreed(app, own, make_patient(app))
        visit = me.post("/visits", json={"appointment_id": str(appointment_id)}).json["data"]
        acts = [(me, one(visit, "complete")), (desk, f"/appointments/{appointment_id}/complete")]
        answers = told(at_once(2, lambda n, acts=acts: send(live_server, acts[n][0], "POST", acts[n][1], {})))
        assert answers[0] == (200, None)
        assert answers[1][1] in ("visit_open", "invalid_transition", "too_early")
        assert stands(app, appointment_id)[0] == "completed"


def test_numbers_are_given_once(live_server, app, doctor):
    me, _ = doctor
    patients = [make_patient(app) for _ in range(12)]
    bodies = [{"patient_id": str(patient.id)} for patient in patients]
    answers = at_once(12, lambda n: send(live_server, me, "POST", "/visits", bodies[n]))
    assert {status for status, _ in answers} == {201}
    assert sorted(body[0]["data"]["number"] for _, body in answers) == [f"V-{n:06d}" for n in range(1, 13)]

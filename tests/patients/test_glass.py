"""Breaking the glass: one chart, one user, an hour, to read and to add; everybody is told."""

from datetime import timedelta

import pytest

from server.core.db import db
from server.modules.patients.enums import PatientStatus
from tests.factories.database import audit_rows, body_of, deliver, mails, query
from tests.factories.people import make_patient, make_user, named, relate, signed_in
from tests.patients.support import ids, path, refused, without_request_id

REASON = "Unconscious in the waiting room"
ALLERGY = {"substance": "Latex", "severity": "mild"}
CONDITION = {"display": "Asthma", "code": "J45.909"}
CLINICIANS = ("doctor", "nurse", "technician")


def break_glass(someone, patient, reason=REASON):
    answer = someone.post(path(patient, "break-glass"), json={"reason": reason})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


@pytest.fixture
def stranger(app):
    """Give a patient in nobody's care."""
    return make_patient(app)


@pytest.mark.parametrize("role", CLINICIANS)
def test_it_opens_what_the_role_reads_of_its_own_patients(app, stranger, role):
    someone = signed_in(app, role)
    below = ("", "allergies", "conditions", "medical-history", "contacts")
    for name in below:
        assert someone.get(path(stranger, *filter(None, [name]))).status_code in (403, 404)
    answer = someone.post(path(stranger, "break-glass"), json={"reason": REASON})
    assert answer.status_code == 201
    data = answer.json["data"]
    assert set(data) == {"id", "patient_id", "expires_at"}
    assert data["patient_id"] == str(stranger.id)
    shown = [someone.get(path(stranger, *filter(None, [name]))).status_code for name in below]
    assert shown == ([200, 200, 403, 403, 403] if role == "technician" else [200] * 5)
    assert "notes" in someone.get(path(stranger)).json["data"]


def test_it_is_over_after_an_hour_and_never_was_for_other_charts_or_users(app, clock, stranger):
    doctor, other = signed_in(app, "doctor"), make_patient(app)
    colleague = signed_in(app, "doctor")
    data = break_glass(doctor, stranger)
    assert data["expires_at"] == "2026-03-02T09:00:00Z"
    assert colleague.get(path(stranger)).status_code == 404
    assert doctor.get(path(other)).status_code == 404
    seen = []
    for minutes in (59, 1):
        clock.shift(timedelta(minutes=minutes))
        seen.append(signed_in(app, user=doctor.user).get(path(stranger)).status_code)
    assert seen == [200, 404]
    hidden = signed_in(app, user=doctor.user).get(path(stranger, "allergies"))
    refused(hidden, 404, "not_found")


def test_its_life_is_a_setting(make_app, leg, clock):
    app = make_app(GLASS_MINUTES="5")
    doctor = signed_in(app, "doctor")
    data = break_glass(doctor, make_patient(app))
    assert data["expires_at"] == "2026-03-02T08:05:00Z"


def test_broken_again_it_is_open_for_an_hour_from_then(app, clock, stranger):
    doctor = signed_in(app, "doctor")
    first = break_glass(doctor, stranger)
    clock.shift(timedelta(minutes=50))
    doctor = signed_in(app, user=doctor.user)
    second = break_glass(doctor, stranger, "Still unconscious")
    assert first["id"] != second["id"]
    clock.shift(timedelta(minutes=50))
    assert signed_in(app, user=doctor.user).get(path(stranger)).status_code == 200
    clock.shift(timedelta(minutes=10))
    assert signed_in(app, user=doctor.user).get(path(stranger)).status_code == 404


@pytest.mark.parametrize("role", ["doctor", "nurse"])
def test_it_widens_the_rows_and_not_the_verbs(app, stranger, role):
    someone, keeper = signed_in(app, role), signed_in(app, "doctor")
    relate(app, stranger.id, keeper.user.id)
    kept = keeper.post(path(stranger, "allergies"), json=ALLERGY).json["data"]
    contact = {"kind": "emergency", "name": "Bo", "relationship": "friend", "phone": "+16175550100"}
    break_glass(someone, stranger)
    added = someone.post(path(stranger, "allergies"), json={**ALLERGY, "substance": "Nuts"})
    assert added.status_code == 201
    assert someone.post(path(stranger, "conditions"), json=CONDITION).status_code == 201
    made = someone.post(path(stranger, "contacts"), json=contact)
    assert made.status_code == 201
    own = added.json["data"]
    version = {"If-Match": '"1"'}
    changes = [
        ("PATCH", path(stranger), {"occupation": "Baker"}),
        ("PUT", path(stranger), {"first_name": "A", "last_name": "B", "date_of_birth": "1990-01-01", "sex": "male"}),
        ("PATCH", path(stranger, "allergies", kept["id"]), {"severity": "severe"}),
        ("PATCH", path(stranger, "allergies", own["id"]), {"severity": "severe"}),
        ("DELETE", path(stranger, "allergies", own["id"]) + "?reason=x", None),
        ("PUT", path(stranger, "allergies", "none-known"), {}),
        ("PATCH", path(stranger, "medical-history"), {"blood_type": "A+"}),
        ("PATCH", path(stranger, "contacts", made.json["data"]["id"]), {"name": "Bea"}),
        ("DELETE", path(stranger, "contacts", made.json["data"]["id"]), None),
    ]
    for method, where, body in changes:
        refused(someone.open(method, where, json=body, headers=version), 403, "glass_reads_and_adds_only")
    # In a relation the same verbs are the role's own again.
    relate(app, stranger.id, someone.user.id)
    assert someone.patch(path(stranger), json={"occupation": "Baker"}).status_code == 200
    assert someone.delete(path(stranger, "allergies", own["id"]) + "?reason=x", headers=version).status_code == 204


def test_nobody_gives_themselves_or_others_a_lasting_way_in(app, stranger):
    doctor = signed_in(app, "doctor")
    break_glass(doctor, stranger)
    refused(doctor.post(path(stranger, "care-team"), json={"user_id": str(doctor.user.id)}), 404, "not_found")
    refused(doctor.post(path(stranger, "portal-invitation"), json={}), 404, "not_found")
    assert doctor.get(path(stranger, "care-team")).status_code == 200


def test_an_admin_reads_and_marks_as_entered_in_error_and_adds_nothing(app, stranger):
    admin, doctor = signed_in(app, "admin"), signed_in(app, "doctor")
    relate(app, stranger.id, doctor.user.id)
    kept = doctor.post(path(stranger, "allergies"), json=ALLERGY).json["data"]
    entry = path(stranger, "allergies", kept["id"])
    void = {"query_string": {"reason": "Wrong patient"}, "headers": {"If-Match": '"1"'}}
    for below in ("allergies", "conditions", "medical-history"):
        refused(admin.get(path(stranger, below)), 404, "not_found")
    refused(admin.delete(entry, **void), 404, "not_found")
    break_glass(admin, stranger)
    for below in ("allergies", "conditions", "medical-history"):
        assert admin.get(path(stranger, below)).status_code == 200
    refused(admin.post(path(stranger, "allergies"), json=ALLERGY), 403, "forbidden")
    refused(admin.patch(entry, json={"severity": "severe"}), 403, "forbidden")
    refused(admin.delete(entry), 422, "validation_failed", "reason")
    assert admin.delete(entry, **void).status_code == 204
    assert admin.delete(entry, **void).status_code == 204
    shown = admin.get(entry).json["data"]
    assert shown["voided"]["by"] == named(admin)
    # What an admin does with demographics needs no glass, open or not.
    assert admin.patch(path(stranger), json={"occupation": "Baker"}).status_code == 200


def test_who_is_admin_and_doctor_voids_the_entries_of_others_through_glass_only(app, stranger):
    both, doctor = signed_in(app, user=make_user(app, "admin", "doctor")), signed_in(app, "doctor")
    for someone in (both, doctor):
        relate(app, stranger.id, someone.user.id)
    kept = doctor.post(path(stranger, "allergies"), json=ALLERGY).json["data"]
    entry = path(stranger, "allergies", kept["id"]) + "?reason=x"
    refused(both.delete(entry, headers={"If-Match": '"1"'}), 404, "not_found")
    break_glass(both, stranger)
    assert both.delete(entry, headers={"If-Match": '"1"'}).status_code == 204


@pytest.mark.parametrize("reason", [None, "", "  ", "\t\n", 7, "x" * 1001, "a\u202eb"])
def test_it_takes_a_reason(app, as_role, stranger, reason):
    answer = as_role("doctor").post(path(stranger, "break-glass"), json={"reason": reason})
    refused(answer, 422, "validation_failed", "reason")
    refused(as_role("doctor").post(path(stranger, "break-glass"), json={}), 422, "validation_failed", "reason")
    assert query(app, "SELECT * FROM broken_glass") == []


@pytest.mark.parametrize("role", ["receptionist", "pharmacist", "cashier", "patient"])
def test_other_roles_break_no_glass(as_role, stranger, role):
    refused(as_role(role).post(path(stranger, "break-glass"), json={"reason": REASON}), 403, "forbidden")


def test_there_is_no_glass_before_nobody_or_oneself(app, as_role):
    doctor = as_role("doctor")
    refused(doctor.post(path(doctor.user.id, "break-glass"), json={"reason": REASON}), 404, "not_found")
    own = make_patient(app, user_id=doctor.user.id)
    refused(doctor.post(path(own, "break-glass"), json={"reason": REASON}), 403, "own_record")


def test_every_request_through_it_is_marked(app, stranger):
    doctor, other = signed_in(app, "doctor"), make_patient(app)
    relate(app, other.id, doctor.user.id)
    glass = break_glass(doctor, stranger)
    before = len(audit_rows(app))
    doctor.get(path(stranger))
    doctor.get(path(stranger, "allergies"))
    doctor.post(path(stranger, "allergies"), json=ALLERGY)
    doctor.patch(path(stranger), json={"occupation": "Baker"})
    doctor.patch(path(stranger, "medical-history"), json={"version": 1})
    marked = audit_rows(app)[before:]
    assert [row["status"] for row in marked] == [200, 200, 201, 403, 403]
    assert {str(row["break_glass_id"]) for row in marked} == {glass["id"]}
    assert {str(row["patient_id"]) for row in marked} == {str(stranger.id)}
    (broken,) = [row for row in audit_rows(app) if row["action"] == "patients.break_glass"]
    assert str(broken["break_glass_id"]) == glass["id"]
    assert REASON not in str(broken)
    doctor.get(path(other))
    doctor.get("/patients")
    assert [row["break_glass_id"] for row in audit_rows(app)[-2:]] == [None, None]


def test_lists_do_not_widen(app, stranger):
    doctor = signed_in(app, "doctor")
    break_glass(doctor, stranger)
    assert ids(doctor.get("/patients")) == []
    assert ids(doctor.get("/patients/search", query_string={"q": stranger.last_name})) == []


def test_the_admins_are_told_and_no_mail_says_why(app, stranger):
    admins = [make_user(app, "admin"), make_user(app, "admin", "doctor")]
    make_user(app, "admin", status="deactivated")
    doctor = signed_in(app, "doctor")
    break_glass(doctor, stranger)
    told = query(app, "SELECT user_id FROM notifications WHERE kind = 'break_glass'")
    assert len(told) == 2
    deliver(app)
    sent = mails(app)
    assert sorted(mail["To"] for mail in sent) == sorted(admin.email for admin in admins)
    for mail in sent:
        assert REASON not in body_of(mail)
        assert stranger.last_name not in body_of(mail)


def test_the_dead_and_the_merged_are_read_through_it(app, stranger):
    doctor = signed_in(app, "doctor")
    for status in (PatientStatus.DECEASED, PatientStatus.INACTIVE):
        query(app, f"UPDATE patients SET status = '{status}'")
        break_glass(doctor, stranger)
        assert doctor.get(path(stranger, "allergies")).status_code == 200


def test_a_repeated_key_breaks_it_once(app, stranger):
    doctor = signed_in(app, "doctor")
    key = {"Idempotency-Key": "one"}
    answers = [doctor.post(path(stranger, "break-glass"), json={"reason": REASON}, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json["data"] == answers[1].json["data"]
    assert len(query(app, "SELECT * FROM broken_glass")) == 1


def test_without_glass_nothing_tells_a_hidden_chart_from_none(app, stranger):
    doctor = signed_in(app, "doctor")
    hidden, random = doctor.get(path(stranger)), doctor.get(path(doctor.user.id))
    assert without_request_id(hidden) == without_request_id(random)


def test_a_read_through_it_takes_no_further_statement(app, stranger):
    from sqlalchemy import event

    doctor, other = signed_in(app, "doctor"), make_patient(app)
    relate(app, other.id, doctor.user.id)
    break_glass(doctor, stranger)
    counts = []
    with app.app_context():
        engine = db.engine
    for patient in (other, stranger):
        for below in ((), ("allergies",)):
            doctor.get(path(patient, *below))
            seen = []
            note = lambda *args, seen=seen: seen.append(args[2])  # noqa: E731
            event.listen(engine, "before_cursor_execute", note)
            doctor.get(path(patient, *below))
            event.remove(engine, "before_cursor_execute", note)
            counts.append(len(seen))
    assert counts[:2] == counts[2:]

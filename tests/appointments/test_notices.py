"""Both sides hear of every change, once, by the doctor's clock, and nothing of what it is for."""

import pytest
from sqlalchemy import event

from server.core.db import db
from server.core.uow import command
from server.modules.appointments import signals
from server.modules.appointments.models import Appointment
from tests.appointments.visits import cancel, make_proxy, move, visit
from tests.factories.calendar import at, book, make_doctor, open_hours, signed_in_doctor, written
from tests.factories.database import body_of, deliver, everything, mails, query
from tests.factories.people import make_patient, signed_in

pytestmark = pytest.mark.usefixtures("clock")

WHEN = "Wednesday, 4 March 2026, 11:00 CET"


@pytest.fixture
def doctor(app):
    return signed_in_doctor(app)


@pytest.fixture
def patient(app):
    client = signed_in(app, "patient")
    return client, make_patient(app, user_id=client.user.id)


def heard(client):
    answer = client.get("/notifications")
    assert answer.status_code == 200
    return [one["title"] for one in answer.json["data"]]


def letters(app):
    deliver(app)
    return [(mail["To"], mail["Subject"], body_of(mail)) for mail in mails(app)]


def test_patient_and_doctor_hear_of_each_change_once(app, doctor, patient):
    made = visit(app, doctor[1].id, patient[1].id, at(2))
    move(app, made, at(3, "11:30"))
    cancel(app, made)
    with app.app_context(), command("tests.again", "appointment"):
        signals.cancelled.send(appointment=db.session.get_one(Appointment, made), actor=None)
    moved_to = "Thursday, 5 March 2026, 12:30 CET"
    expected = [f"Appointment cancelled: {moved_to}", f"Appointment moved: {moved_to}", f"Appointment booked: {WHEN}"]
    assert heard(doctor[0]) == heard(patient[0]) == expected
    (told, *_) = doctor[0].get("/notifications").json["data"]
    assert told["source"] == {"type": "appointment", "id": str(made)}


def test_who_acts_over_http_is_told_as_well_as_the_other(app, doctor, patient):
    open_hours(app, doctor[1].id)
    body = {"doctor_id": str(doctor[1].id), "starts_at": written(at(2)), "reason": "Biopsy"}
    made = patient[0].post("/appointments", json=body).json["data"]["id"]
    answer = doctor[0].patch(f"/appointments/{made}/reschedule", json={"starts_at": written(at(3))})
    assert answer.status_code == 200, answer.text
    for _ in range(2):
        answer = patient[0].post(f"/appointments/{made}/cancel", json={"reason": "Biopsy no more"})
        assert answer.status_code == 200, answer.text
    moved_to = "Thursday, 5 March 2026, 11:00 CET"
    expected = [f"Appointment cancelled: {moved_to}", f"Appointment moved: {moved_to}", f"Appointment booked: {WHEN}"]
    assert heard(doctor[0]) == heard(patient[0]) == expected
    assert not any("Biopsy" in subject + body for _, subject, body in letters(app))


def test_leave_that_cancels_tells_both(app, doctor, patient):
    open_hours(app, doctor[1].id)
    book(app, doctor[1].id, patient[1].id, at(2))
    leave = {"starts_at": written(at(2, "00:00")), "ends_at": written(at(3, "00:00")), "on_conflict": "cancel"}
    assert doctor[0].post(f"/doctors/{doctor[1].id}/time-off", json=leave).status_code == 201
    assert heard(doctor[0])[0] == heard(patient[0])[0] == f"Appointment cancelled: {WHEN}"
    assert "sorry" in patient[0].get("/notifications").json["data"][0]["body"]


def test_each_is_mailed_the_time_and_where_to_look_and_nothing_else(app, doctor, patient):
    made = visit(app, doctor[1].id, patient[1].id, at(2), notes="Fasting", location="Room 3")
    sent = letters(app)
    assert {to for to, _, _ in sent} == {doctor[0].user.email, patient[0].user.email}
    for _, subject, body in sent:
        assert subject == "Appointment booked at Polyclinic"
        assert f"{WHEN}\nRoom 3\n" in body
        assert f"http://localhost:3000/appointments/{made}" in body
        for secret in ("Biopsy", "procedure", "Fasting", doctor[1].last_name, patient[1].last_name):
            assert secret not in subject + body


def test_the_clinic_goes_by_the_name_that_its_admin_gave_it(app, doctor, patient):
    assert signed_in(app, "admin").patch("/clinic", json={"name": "Zur Linde"}).status_code == 200
    made = visit(app, doctor[1].id, patient[1].id, at(2))
    cancelled = visit(app, doctor[1].id, patient[1].id, at(3), location="Room 3")
    cancel(app, cancelled)
    deliver(app)
    sent = {(mail["Subject"], str(mail["From"]).partition(" <")[0].strip('"')) for mail in mails(app)}
    assert sent == {(f"Appointment {what} at Zur Linde", "Zur Linde") for what in ("booked", "cancelled")}
    assert sum(str(made) in body_of(mail) for mail in mails(app)) == 2
    assert not any("Room 3" in body_of(mail) for mail in mails(app))


def test_the_time_is_that_of_the_doctors_clock(app, patient):
    client, doctor = signed_in_doctor(app, timezone="America/New_York")
    visit(app, doctor.id, patient[1].id, at(10, "15:00"))
    assert heard(client) == heard(patient[0]) == ["Appointment booked: Thursday, 12 March 2026, 11:00 EDT"]


def test_the_clinics_clock_counts_where_the_doctor_has_none(make_app, patient):
    app = make_app(CLINIC_TIMEZONE="Asia/Kolkata")
    client, doctor = signed_in_doctor(app)
    visit(app, doctor.id, patient[1].id, at(2))
    assert heard(client) == ["Appointment booked: Wednesday, 4 March 2026, 15:30 IST"]


def test_a_doctor_from_whom_it_went_hears_that_another_has_it(app, doctor, patient):
    other_client, other = signed_in_doctor(app)
    made = visit(app, doctor[1].id, patient[1].id, at(2))
    deliver(app)
    move(app, made, at(3), doctor_id=other.id)
    assert heard(doctor[0])[0] == f"Appointment given to another doctor: {WHEN}"
    assert heard(other_client) == heard(patient[0])[:1] == ["Appointment moved: Thursday, 5 March 2026, 11:00 CET"]
    sent = {to: (subject, body) for to, subject, body in letters(app)[2:]}
    assert {to: subject for to, (subject, _) in sent.items()} == {
        doctor[0].user.email: "Appointment given to another doctor at Polyclinic",
        other_client.user.email: "Appointment moved at Polyclinic",
        patient[0].user.email: "Appointment moved at Polyclinic",
    }
    assert "http" not in sent[doctor[0].user.email][1], "it is out of their reach"
    assert "An appointment of another doctor was given to you." in sent[other_client.user.email][1]
    assert "to another time, and it is with another doctor now" in sent[patient[0].user.email][1]


def test_the_patient_hears_of_another_doctor_and_place_and_not_of_another_time(app, doctor, patient):
    open_hours(app, doctor[1].id, location="Room 3")
    other_client, other = signed_in_doctor(app)
    open_hours(app, other.id, location="Room 5")
    made = book(app, doctor[1].id, patient[1].id, at(2)).id
    deliver(app)
    desk = signed_in(app, "receptionist")
    there = {"starts_at": written(at(2)), "doctor_id": str(other.id)}
    assert desk.patch(f"/appointments/{made}/reschedule", json=there).status_code == 200
    assert heard(patient[0])[0] == f"Appointment with another doctor: {WHEN}"
    assert heard(other_client) == [f"Appointment moved: {WHEN}"]
    (told, *_) = patient[0].get("/notifications").json["data"]
    assert (
        told["body"] == "An appointment is with another doctor now; its time stays. The place is another one: Room 5."
    )
    sent = {to: (subject, body) for to, subject, body in letters(app)[2:]}
    subject, body = sent[patient[0].user.email]
    assert subject == "Appointment with another doctor at Polyclinic"
    assert f"{WHEN}\nAnother place: Room 5\n\nSee it here: http://localhost:3000/appointments/{made}" in body
    assert "another time" not in body
    assert not any(one.last_name in body for one in (doctor[1], other))


def test_nothing_is_said_to_the_patient_of_a_booking_that_was_entered_afterwards(app, doctor, patient):
    by_letter = make_patient(app, email="old.school@example.com")
    for whom, wall in ((patient[1], "07:00"), (by_letter, "06:00")):
        book(app, doctor[1].id, whom.id, at(0, wall), override_reason="Forgotten at the desk")
    assert heard(patient[0]) == []
    assert {to for to, _, _ in letters(app)} == {doctor[0].user.email}
    assert len(heard(doctor[0])) == 2


@pytest.mark.parametrize(
    ("given", "call"),
    [
        ({}, "please call the clinic.\n"),
        ({"phone": "+16175550100"}, "please call the clinic at +16175550100.\n"),
        (
            {"phone": "+16175550100", "email": "desk@linde.example"},
            "please call the clinic at +16175550100 or write to desk@linde.example.\n",
        ),
    ],
)
def test_letters_say_how_the_clinic_is_reached(app, doctor, given, call):
    assert not given or signed_in(app, "admin").patch("/clinic", json=given).status_code == 200
    patient = make_patient(app, email="old.school@example.com")
    made = visit(app, doctor[1].id, patient.id, at(2))
    deliver(app)
    move(app, made, at(3))
    deliver(app)
    cancel(app, made)
    sent = [body for to, _, body in letters(app) if to == "old.school@example.com"]
    assert len(sent) == 3
    for body, what_for in zip(sent, [*["To change it, or if you cannot come"] * 2, "To book another"], strict=True):
        assert body.endswith(f"{what_for}, {call}")
        assert "http" not in body, "they cannot sign in"


@pytest.mark.parametrize(
    ("party", "expected"),
    [
        ("clinic", "The clinic had to cancel an appointment and is sorry."),
        ("provider", "The clinic had to cancel an appointment and is sorry."),
        ("patient", "An appointment was cancelled."),
    ],
)
def test_the_clinic_says_sorry_where_it_cancels(app, doctor, patient, party, expected):
    open_hours(app, doctor[1].id)
    by_letter = make_patient(app, email="old.school@example.com")
    desk = signed_in(app, "receptionist")
    for whom, wall in ((patient[1], "10:00"), (by_letter, "11:00")):
        made = book(app, doctor[1].id, whom.id, at(2, wall)).id
        deliver(app)
        off = {"reason": "x", "cancelled_by_party": party}
        assert desk.post(f"/appointments/{made}/cancel", json=off).status_code == 200
    told = [one["body"] for one in patient[0].get("/notifications").json["data"]]
    assert told == [expected, "An appointment was booked."]
    cancelled = [(to, body) for to, subject, body in letters(app) if "cancelled" in subject]
    bodies = dict(cancelled)
    assert expected in bodies[patient[0].user.email]
    assert expected in bodies["old.school@example.com"]
    assert "An appointment was cancelled." in bodies[doctor[0].user.email]


def test_nothing_is_said_by_mail_that_is_no_longer_so(app, doctor, patient):
    made = visit(app, doctor[1].id, patient[1].id, at(2))
    move(app, made, at(3))
    sent = letters(app)
    assert {subject for _, subject, _ in sent} == {"Appointment moved at Polyclinic"}
    move(app, made, at(4))
    cancel(app, made)
    assert {subject for _, subject, _ in letters(app)[len(sent) :]} == {"Appointment cancelled at Polyclinic"}


def test_who_books_for_a_patient_hears_of_it_and_others_do_not(app, doctor):
    ward = make_patient(app)
    admin, mother, uncle, former = (signed_in(app, role) for role in ("admin", "patient", "patient", "patient"))
    make_proxy(admin, ward.id, mother.user, "view", "book")
    make_proxy(admin, ward.id, uncle.user, "view", "message", "pay")
    assert admin.delete(make_proxy(admin, ward.id, former.user, "book")).status_code == 204
    visit(app, doctor[1].id, ward.id, at(2))
    assert heard(mother) == heard(doctor[0]) == [f"Appointment booked: {WHEN}"]
    assert heard(uncle) == heard(former) == []


def test_a_patient_without_an_account_gets_a_letter(app, doctor):
    patient = make_patient(app, email="old.school@example.com")
    made = visit(app, doctor[1].id, patient.id, at(2))
    (letter,) = [one for one in letters(app) if one[0] == "old.school@example.com"]
    assert letter[1] == "Appointment booked at Polyclinic"
    assert WHEN in letter[2]
    assert "call the clinic" in letter[2]
    cancel(app, made)
    assert [subject for to, subject, _ in letters(app) if to == "old.school@example.com"] == [
        "Appointment booked at Polyclinic",
        "Appointment cancelled at Polyclinic",
    ]


def test_a_letter_goes_to_the_address_of_now_and_not_to_the_dead(app, doctor):
    patient, gone = make_patient(app, email="former@example.com"), make_patient(app, email="gone@example.com")
    visit(app, doctor[1].id, patient.id, at(2))
    visit(app, doctor[1].id, gone.id, at(3))
    admin = signed_in(app, "admin")
    assert admin.patch(f"/patients/{patient.id}", json={"email": "present@example.com"}).status_code == 200
    query(app, "UPDATE patients SET status = 'deceased' WHERE mrn = :mrn", mrn=gone.mrn)
    visit(app, doctor[1].id, gone.id, at(4))
    assert {to for to, subject, _ in letters(app) if "Appointment" in subject} == {
        "present@example.com",
        doctor[0].user.email,
    }


def test_nobody_to_tell_is_no_error(app):
    made = visit(app, make_doctor(app).id, make_patient(app).id, at(2))
    cancel(app, made)
    assert query(app, "SELECT count(*) AS n FROM notifications")[0]["n"] == 0
    assert query(app, "SELECT count(*) AS n FROM outbox")[0]["n"] == 0


def test_one_who_wants_no_mail_gets_none(app, doctor, patient):
    for client in (doctor[0], patient[0]):
        client.patch("/notifications/preferences", json={"appointment_booked": {"email": False}})
    visit(app, doctor[1].id, patient[1].id, at(2))
    assert heard(doctor[0]) == heard(patient[0]) == [f"Appointment booked: {WHEN}"]
    assert letters(app) == []


def test_what_waits_in_the_outbox_names_no_patient_and_no_reason(app, doctor, patient):
    visit(app, doctor[1].id, patient[1].id, at(2))
    stored = query(app, "SELECT details FROM outbox")
    assert stored
    assert "Biopsy" in everything(app)
    assert all("Biopsy" not in repr(row) and patient[1].last_name not in repr(row) for row in stored)


def test_a_mail_emptied_with_age_is_not_sent_when_tried_again(app, doctor, patient):
    visit(app, doctor[1].id, patient[1].id, at(2))
    query(app, "UPDATE outbox SET details = '{}'")
    assert letters(app) == []


def test_telling_both_takes_three_statements(app, doctor, patient):
    made = visit(app, doctor[1].id, patient[1].id, at(2))
    sent = []
    with app.app_context(), command("tests.tell", "appointment"):
        one = db.session.get_one(Appointment, made)
        one.notes = "Another version"
        db.session.flush()
        event.listen(db.engine, "before_cursor_execute", note := lambda *args: sent.append(args[2]))
        signals.cancelled.send(appointment=one, actor=None)
        event.remove(db.engine, "before_cursor_execute", note)
    assert [statement.split()[0] for statement in sent] == ["SELECT", "INSERT", "INSERT"]

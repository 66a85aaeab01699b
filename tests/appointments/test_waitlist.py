"""Time that comes free goes to whoever waits longest and fits: one offer, one answer, then the next."""

from datetime import timedelta

import pytest

from server.core.ids import new_id
from server.modules.appointments.service import offers
from server.modules.doctors.models import DoctorSpecialty, Specialty
from tests.appointments.visits import make_proxy
from tests.factories.calendar import at, book, make_doctor, open_hours, signed_in_doctor, take_leave, written
from tests.factories.database import body_of, deliver, mails, query
from tests.factories.people import make_patient, signed_in
from tests.patients.support import blamed, ids, refused

pytestmark = pytest.mark.usefixtures("clock")

MONDAY, THURSDAY = "2026-03-02", "2026-03-05"


@pytest.fixture
def desk(app):
    return signed_in(app, "receptionist")


@pytest.fixture
def doctor(app):
    made = make_doctor(app)
    open_hours(app, made.id)
    return made


def person(app):
    """Return a patient's client and chart."""
    client = signed_in(app, "patient")
    return client, make_patient(app, user_id=client.user.id)


def wait(client, **fields):
    body = {"from": MONDAY, "to": "2026-03-31", **{name: value and str(value) for name, value in fields.items()}}
    if "days" in fields:
        body["days"] = fields["days"]
    if "duration_minutes" in fields:
        body["duration_minutes"] = fields["duration_minutes"]
    answer = client.post("/waitlist", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def seen(client, entry):
    answer = client.get(f"/waitlist/{entry['id']}")
    assert answer.status_code == 200, answer.text
    return answer.json["data"]


def status(client, *entries):
    return [seen(client, entry)["status"] for entry in entries]


def call_off(client, made):
    answer = client.post(f"/appointments/{made.id}/cancel", json={"reason": "Cannot come"})
    assert answer.status_code == 200, answer.text


def go_on(app):
    with app.app_context():
        return offers.go_on()


def answered(client, entry, how):
    return client.post(f"/waitlist/{entry['id']}/{how}")


# Waiting


def test_a_patient_waits_for_a_doctor(app, doctor):
    client, chart = person(app)
    entry = wait(client, doctor_id=doctor.id, days=["thursday", "friday"], duration_minutes=30)
    name = f"{chart.first_name} {chart.last_name}"
    shown = {name: entry[name] for name in entry if name not in ("id", "created_at", "updated_at")}
    assert shown == {
        "patient": {"id": str(chart.id), "name": name, "mrn": chart.mrn},
        "patient_id": str(chart.id),
        "doctor": {"id": str(doctor.id), "name": doctor.name},
        "doctor_id": str(doctor.id),
        "specialty": None,
        "specialty_id": None,
        "from": MONDAY,
        "to": "2026-03-31",
        "days": ["thursday", "friday"],
        "duration_minutes": 30,
        "status": "waiting",
        "offer": None,
        "appointment_id": None,
        "version": 1,
    }
    assert seen(client, entry) == entry
    assert client.get("/waitlist").json["data"] == [entry]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"doctor_id": None}, {"doctor_id", "specialty_id"}),
        ({"specialty_id": str(new_id())}, {"doctor_id", "specialty_id"}),
        ({"doctor_id": str(new_id())}, {"doctor_id"}),
        ({"doctor_id": None, "specialty_id": str(new_id())}, {"specialty_id"}),
        ({"patient_id": str(new_id())}, {"patient_id"}),
        ({"patient_id": None}, {"patient_id"}),
        ({"to": "2026-03-01"}, {"to"}),
        ({"from": "2026-02-01", "to": "2026-03-01"}, {"to"}),
        ({"days": []}, {"days"}),
        ({"days": ["monday", "monday"]}, {"days"}),
        ({"days": ["someday"]}, {"days.0"}),
        ({"duration_minutes": 4}, {"duration_minutes"}),
        ({"status": "offered"}, {"status"}),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(app, desk, doctor, changes, fields):
    body = {"doctor_id": str(doctor.id), "patient_id": str(make_patient(app).id), "from": MONDAY, "to": "2026-03-31"}
    answer = desk.post("/waitlist", json=body | changes)
    assert answer.status_code == 422, answer.text
    assert blamed(answer) == fields


def test_nobody_waits_for_a_doctor_who_left_nor_for_the_dead(app, desk, doctor):
    gone, dead = make_doctor(app, status="inactive"), make_patient(app)
    body = {"patient_id": str(make_patient(app).id), "from": MONDAY, "to": "2026-03-31"}
    answer = desk.post("/waitlist", json={**body, "doctor_id": str(gone.id)})
    refused(answer, 409, "not_available", "starts_at")
    assert [one["code"] for one in answer.json["reasons"]] == ["doctor_inactive"]
    query(app, "UPDATE patients SET status = 'deceased' WHERE mrn = :mrn", mrn=dead.mrn)
    answer = desk.post("/waitlist", json={**body, "doctor_id": str(doctor.id), "patient_id": str(dead.id)})
    refused(answer, 409, "patient_deceased")


def test_one_wish_waits_once(app, doctor):
    client, _ = person(app)
    first = wait(client, doctor_id=doctor.id)
    body = {"doctor_id": str(doctor.id), "from": MONDAY, "to": MONDAY}
    refused(client.post("/waitlist", json=body), 409, "already_waiting")
    refused(client.post("/waitlist", json={**body, "from": "2026-03-31", "to": "2026-04-30"}), 409, "already_waiting")
    wait(client, doctor_id=doctor.id, **{"from": "2026-04-01", "to": "2026-04-30"})
    assert client.delete(f"/waitlist/{first['id']}").status_code == 204
    assert wait(client, doctor_id=doctor.id)["id"] != first["id"]


def test_each_reaches_their_own(app, desk, doctor):
    doctor_client, own = signed_in_doctor(app)
    one, other = person(app), person(app)
    mother, uncle = signed_in(app, "patient"), signed_in(app, "patient")
    ward = make_patient(app)
    admin = signed_in(app, "admin")
    make_proxy(admin, ward.id, mother.user, "book")
    make_proxy(admin, ward.id, uncle.user, "view")
    entries = {
        "one": wait(one[0], doctor_id=own.id),
        "other": wait(other[0], doctor_id=doctor.id),
        "ward": wait(mother, doctor_id=doctor.id, patient_id=ward.id),
    }
    for client, reached in (
        (one[0], {"one"}),
        (other[0], {"other"}),
        (mother, {"ward"}),
        (uncle, set()),
        (doctor_client, {"one"}),
        (desk, {"one", "other", "ward"}),
        (signed_in(app, "nurse"), {"one", "other", "ward"}),
    ):
        assert set(ids(client.get("/waitlist"))) == {entries[name]["id"] for name in reached}
        for name, entry in entries.items():
            expected = 200 if name in reached else 404
            assert client.get(f"/waitlist/{entry['id']}").status_code == expected
            if expected == 404:
                assert client.delete(f"/waitlist/{entry['id']}").status_code == 404
                assert answered(client, entry, "accept").status_code == 404
                assert answered(client, entry, "decline").status_code == 404
    body = {"doctor_id": str(doctor.id), "from": MONDAY, "to": MONDAY, "patient_id": str(ward.id)}
    for client in (one[0], uncle, doctor_client):
        assert client.post("/waitlist", json=body).status_code == 404
    assert doctor_client.post("/waitlist", json=body | {"doctor_id": str(own.id)}).status_code == 201
    assert signed_in(app, "cashier").get("/waitlist").status_code == 403


def test_the_list_is_filtered_and_longest_first(app, desk, doctor, clock):
    other = make_doctor(app)
    made = []
    for number in range(4):
        clock.shift(1)
        made.append(wait(desk, doctor_id=(doctor, other)[number % 2].id, patient_id=make_patient(app).id))
    assert ids(desk.get("/waitlist")) == [one["id"] for one in made]
    assert ids(desk.get("/waitlist?sort=-created_at")) == [one["id"] for one in reversed(made)]
    assert ids(desk.get(f"/waitlist?doctor_id={other.id}")) == [made[1]["id"], made[3]["id"]]
    assert ids(desk.get(f"/waitlist?patient_id={made[2]['patient_id']}")) == [made[2]["id"]]
    desk.delete(f"/waitlist/{made[0]['id']}")
    assert ids(desk.get("/waitlist?status=declined")) == [made[0]["id"]]
    assert blamed(desk.get("/waitlist?status=gone")) == {"status"}


# Offers


def test_freed_time_is_held_for_who_waits_longest(app, desk, doctor, clock):
    made = book(app, doctor.id, make_patient(app).id, at(3))
    (first, chart), (second, _) = person(app), person(app)
    entry, later = wait(first, doctor_id=doctor.id), wait(second, doctor_id=doctor.id)
    call_off(desk, made)
    found = seen(first, entry)
    assert found["status"] == "offered"
    assert found["version"] == 2
    assert found["offer"] == {
        "hold_id": found["offer"]["hold_id"],
        "doctor": {"id": str(doctor.id), "name": doctor.name},
        "starts_at": written(at(3)),
        "ends_at": written(at(3, "10:30")),
        "expires_at": "2026-03-02T08:30:00Z",
    }
    assert status(second, later) == ["waiting"]
    body = {"doctor_id": str(doctor.id), "starts_at": written(at(3))}
    refused(second.post("/appointments", json=body), 409, "slot_taken", "starts_at")
    (told,) = first.get("/notifications").json["data"]
    assert (told["type"], told["title"]) == ("appointment_offered", "Time came free: Thursday, 5 March 2026, 11:00 CET")
    assert told["source"] == {"type": "waitlist_entry", "id": entry["id"]}
    assert second.get("/notifications").json["data"] == []
    answer = answered(first, entry, "accept")
    assert answer.status_code == 200, answer.text
    taken = answer.json["data"]
    assert (taken["status"], taken["offer"]) == ("booked", None)
    appointment = first.get(f"/appointments/{taken['appointment_id']}").json["data"]
    assert (appointment["starts_at"], appointment["status"]) == (written(at(3)), "scheduled")
    assert appointment["patient_id"] == str(chart.id)
    refused(answered(first, entry, "accept"), 409, "not_offered")
    refused(first.delete(f"/waitlist/{entry['id']}"), 409, "invalid_transition")
    assert status(second, later) == ["waiting"]


def test_a_move_frees_time_too(app, desk, doctor):
    made = book(app, doctor.id, make_patient(app).id, at(3))
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id)
    answer = desk.patch(f"/appointments/{made.id}/reschedule", json={"starts_at": written(at(4))})
    assert answer.status_code == 200, answer.text
    assert seen(client, entry)["offer"]["starts_at"] == written(at(3))


def test_the_offer_is_mailed_while_it_stands(app, desk, doctor, clock):
    made = [book(app, doctor.id, make_patient(app).id, at(3, wall)) for wall in ("10:00", "11:00", "12:00")]
    client, _ = person(app)
    paper = make_patient(app, email="paper@example.com")
    entry = wait(client, doctor_id=doctor.id)
    wait(desk, doctor_id=doctor.id, patient_id=paper.id)
    late, _ = person(app)
    given_up = wait(late, doctor_id=doctor.id)
    for one in made:
        call_off(desk, one)
    assert answered(late, given_up, "decline").status_code == 200
    assert signed_in(app, "admin").patch("/clinic", json={"phone": "+16175550100"}).status_code == 200
    deliver(app)
    sent = {mail["To"]: body_of(mail) for mail in mails(app) if "Time came free" in mail["Subject"]}
    assert set(sent) == {client.user.email, "paper@example.com"}
    assert f"http://localhost:3000/waitlist/{entry['id']}" in sent[client.user.email]
    for body in sent.values():
        assert "held until Monday, 2 March 2026, 09:30 CET" in body
        assert doctor.last_name not in body
    assert sent["paper@example.com"].endswith("To accept it, please call the clinic at +16175550100.\n")


def test_an_offer_that_ran_out_is_not_mailed(app, desk, doctor, clock):
    made = book(app, doctor.id, make_patient(app).id, at(3))
    client, _ = person(app)
    wait(client, doctor_id=doctor.id)
    call_off(desk, made)
    clock.shift(timedelta(minutes=30))
    deliver(app)
    assert not [mail for mail in mails(app) if "Time came free" in mail["Subject"]]


@pytest.mark.parametrize(
    ("wish", "fits"),
    [
        ({}, True),
        ({"days": ["thursday"]}, True),
        ({"days": ["monday", "friday"]}, False),
        ({"from": THURSDAY, "to": THURSDAY}, True),
        ({"from": "2026-03-06"}, False),
        ({"to": "2026-03-04"}, False),
        ({"duration_minutes": 30}, True),
        ({"duration_minutes": 60}, False),
        ({"duration_minutes": 20}, False),
    ],
)
def test_only_who_fits_is_offered(app, desk, doctor, wish, fits):
    made = book(app, doctor.id, make_patient(app).id, at(3))
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id, **wish)
    call_off(desk, made)
    assert status(client, entry) == ["offered" if fits else "waiting"]


def test_the_day_is_the_doctors(app, desk):
    doctor = make_doctor(app, timezone="Pacific/Auckland")
    open_hours(app, doctor.id)
    made = book(app, doctor.id, make_patient(app).id, at(3, "20:00"))  # Friday morning in Auckland
    (early, _), (right, _) = person(app), person(app)
    entries = wait(early, doctor_id=doctor.id, days=["thursday"]), wait(right, doctor_id=doctor.id, days=["friday"])
    call_off(desk, made)
    assert status(desk, *entries) == ["waiting", "offered"]


def test_a_longer_stretch_gives_who_waits_the_length_that_was_asked_for(app, desk, doctor):
    made = book(app, doctor.id, make_patient(app).id, at(3), duration_minutes=90)
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id, duration_minutes=60)
    call_off(desk, made)
    offer = seen(client, entry)["offer"]
    assert (offer["starts_at"], offer["ends_at"]) == (written(at(3)), written(at(3, "11:00")))
    assert answered(client, entry, "accept").status_code == 200


def test_any_doctor_of_a_specialty_will_do(app, desk, doctor):
    from server.core.db import db
    from server.core.uow import command

    with app.app_context(), command("tests.specialty", "specialty"):
        specialty = Specialty(code="tattoos", name="Tattoos", name_key="tattoos")
        db.session.add(specialty)
        db.session.flush()
        db.session.add(DoctorSpecialty(doctor_id=doctor.id, specialty_id=specialty.id))
        specialty_id = specialty.id
    other = make_doctor(app)
    open_hours(app, other.id)
    (client, _), (second, _) = person(app), person(app)
    entry = wait(client, specialty_id=specialty_id)
    by_name = wait(second, doctor_id=doctor.id)
    assert entry["specialty"] == {"id": str(specialty_id), "code": "tattoos", "name": "Tattoos"}
    call_off(desk, book(app, other.id, make_patient(app).id, at(3)))
    assert status(desk, entry, by_name) == ["waiting", "waiting"]
    call_off(desk, book(app, doctor.id, make_patient(app).id, at(3)))
    assert status(desk, entry, by_name) == ["offered", "waiting"]
    assert seen(client, entry)["offer"]["doctor"]["id"] == str(doctor.id)
    assert answered(client, entry, "accept").status_code == 200


def test_who_is_busy_then_is_passed_over(app, desk, doctor):
    other = make_doctor(app)
    open_hours(app, other.id)
    made = book(app, doctor.id, make_patient(app).id, at(3))
    (busy, chart), (free, _) = person(app), person(app)
    entries = wait(busy, doctor_id=doctor.id), wait(free, doctor_id=doctor.id)
    book(app, other.id, chart.id, at(3, "10:15"), override_reason="Fits in")
    call_off(desk, made)
    assert status(desk, *entries) == ["waiting", "offered"]


@pytest.mark.parametrize(("ahead", "offered"), [(59, False), (60, True), (90, True)])
def test_time_that_patients_may_not_book_any_more_is_offered_to_nobody(app, desk, clock, ahead, offered):
    doctor = make_doctor(app)
    open_hours(app, doctor.id, start="00:00", end="00:00")
    made = book(app, doctor.id, make_patient(app).id, at(0, "10:00"))
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id)
    clock.move_to(at(0, "10:00") - timedelta(minutes=ahead))
    call_off(signed_in(app, "receptionist"), made)
    assert status(signed_in(app, "admin"), entry) == ["offered" if offered else "waiting"]


def test_time_off_the_grid_or_in_leave_is_offered_to_nobody(app, desk, doctor):
    odd = book(app, doctor.id, make_patient(app).id, at(3, "10:10"))
    away = book(app, doctor.id, make_patient(app).id, at(4))
    take_leave(app, doctor.id, at(4, "00:00"), at(5, "00:00"))
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id)
    call_off(desk, odd)
    call_off(desk, away)
    assert status(client, entry) == ["waiting"]


@pytest.mark.parametrize("how", ["leave", "window", "holiday"])
def test_time_that_a_doctor_takes_back_is_offered_to_nobody(app, desk, how):
    doctor, admin = make_doctor(app), signed_in(app, "admin")
    thursdays = open_hours(app, doctor.id, days=[3])[0]
    made = book(app, doctor.id, make_patient(app).id, at(3))
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id)
    if how == "leave":
        body = {"starts_at": written(at(3, "00:00")), "ends_at": written(at(4, "00:00")), "on_conflict": "cancel"}
        answer = admin.post(f"/doctors/{doctor.id}/time-off", json=body)
    elif how == "window":
        answer = admin.delete(f"/doctors/{doctor.id}/availability/{thursdays}?on_conflict=cancel")
    else:
        answer = admin.post("/clinic/holidays", json={"date": THURSDAY, "name": "Fair", "on_conflict": "cancel"})
    assert answer.status_code in (201, 204), answer.text
    assert desk.get(f"/appointments/{made.id}").json["data"]["status"] == "cancelled"
    assert status(client, entry) == ["waiting"]


def test_what_is_free_already_is_not_offered(app, doctor):
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id)
    go_on(app)
    assert status(client, entry) == ["waiting"]


# Answers


def test_a_declined_offer_goes_to_the_next(app, desk, doctor):
    made = book(app, doctor.id, make_patient(app).id, at(3))
    (first, _), (second, _) = person(app), person(app)
    entries = wait(first, doctor_id=doctor.id), wait(second, doctor_id=doctor.id)
    refused(answered(first, entries[0], "decline"), 409, "not_offered")
    call_off(desk, made)
    declined = answered(first, entries[0], "decline").json["data"]
    assert (declined["status"], declined["offer"]) == ("declined", None)
    assert status(desk, *entries) == ["declined", "offered"]
    assert answered(first, entries[0], "decline").json["data"] == declined
    refused(answered(first, entries[0], "accept"), 409, "not_offered")
    assert answered(second, entries[1], "accept").status_code == 200


def test_withdrawing_lets_the_offer_go_on_and_again_changes_nothing(app, desk, doctor):
    made = book(app, doctor.id, make_patient(app).id, at(3))
    (first, _), (second, _), (third, _) = person(app), person(app), person(app)
    entries = [wait(client, doctor_id=doctor.id) for client in (first, second, third)]
    assert second.delete(f"/waitlist/{entries[1]['id']}").status_code == 204
    call_off(desk, made)
    stale = first.delete(f"/waitlist/{entries[0]['id']}", headers={"If-Match": '"1"'})
    refused(stale, 412, "stale_version")
    for _ in range(2):
        answer = first.delete(f"/waitlist/{entries[0]['id']}", headers={"If-Match": '"2"'})
        assert answer.status_code == 204
    assert status(desk, *entries) == ["declined", "declined", "offered"]


def test_a_lapsed_offer_goes_to_the_next_by_the_job(app, desk, doctor, clock):
    made = book(app, doctor.id, make_patient(app).id, at(3))
    (first, _), (second, _) = person(app), person(app)
    entries = wait(first, doctor_id=doctor.id), wait(second, doctor_id=doctor.id)
    call_off(desk, made)
    clock.shift(timedelta(minutes=30) - timedelta(seconds=1))
    assert go_on(app) == 0
    clock.shift(1)
    assert go_on(app) == 1
    assert go_on(app) == 0
    desk = signed_in(app, "admin")
    assert status(desk, *entries) == ["expired", "offered"]
    assert seen(desk, entries[1])["offer"]["expires_at"] == "2026-03-02T09:00:00Z"
    clock.shift(timedelta(minutes=30))
    assert go_on(app) == 1
    desk = signed_in(app, "admin")
    assert status(desk, *entries) == ["expired", "expired"]
    assert query(app, "SELECT count(*) AS n FROM taken_intervals")[0]["n"] == 0


@pytest.mark.parametrize("how", ["accept", "decline"])
def test_too_late_an_answer_is_told_so_and_the_offer_has_passed_on(app, desk, doctor, clock, how):
    made = book(app, doctor.id, make_patient(app).id, at(3))
    (first, _), (second, _) = person(app), person(app)
    entries = wait(first, doctor_id=doctor.id), wait(second, doctor_id=doctor.id)
    call_off(desk, made)
    clock.shift(timedelta(minutes=30))
    first = signed_in(app, user=first.user)
    refused(answered(first, entries[0], how), 409, "offer_lapsed")
    assert status(signed_in(app, "admin"), *entries) == ["expired", "offered"]
    refused(answered(first, entries[0], how), 409, "offer_lapsed")
    assert answered(signed_in(app, user=second.user), entries[1], "accept").status_code == 200


def test_a_lapsed_offer_blocks_nobody(app, desk, doctor, clock):
    made = book(app, doctor.id, make_patient(app).id, at(3))
    client, _ = person(app)
    entry = wait(client, doctor_id=doctor.id)
    call_off(desk, made)
    clock.shift(timedelta(minutes=30))
    book(app, doctor.id, make_patient(app).id, at(3))
    refused(answered(signed_in(app, user=client.user), entry, "accept"), 409, "offer_lapsed")
    assert status(signed_in(app, "admin"), entry) == ["expired"]


def test_the_desk_accepts_for_a_patient_and_a_guardian_for_a_ward(app, desk, doctor):
    ward, mother = make_patient(app), signed_in(app, "patient")
    make_proxy(signed_in(app, "admin"), ward.id, mother.user, "book", "view")
    on_paper = make_patient(app)
    entries = (
        wait(desk, doctor_id=doctor.id, patient_id=on_paper.id),
        wait(mother, doctor_id=doctor.id, patient_id=ward.id),
    )
    for wall in ("10:00", "11:00"):
        call_off(desk, book(app, doctor.id, make_patient(app).id, at(3, wall)))
    for client, entry in zip((desk, mother), entries, strict=True):
        answer = answered(client, entry, "accept")
        assert answer.status_code == 200, answer.text
        assert answer.json["data"]["status"] == "booked"
    (told, *_) = mother.get("/notifications").json["data"]
    assert told["type"] == "appointment_booked"


# The end of waiting


def test_waiting_ends_with_its_last_day(app, desk, doctor, clock):
    client, _ = person(app)
    entries = [wait(client, doctor_id=doctor.id, to=THURSDAY)]
    entries.append(wait(client, doctor_id=make_doctor(app).id, to="2026-03-06"))
    clock.move_to(at(3, "22:59"))  # 23:59 in the clinic
    assert go_on(app) == 0
    clock.shift(60)
    assert go_on(app) == 1
    assert status(signed_in(app, "admin"), *entries) == ["expired", "waiting"]


@pytest.mark.parametrize("how", ["dies", "is taken out of the lists"])
def test_who_is_stopped_waits_no_more_and_their_offer_goes_on(app, desk, doctor, how):
    made = book(app, doctor.id, make_patient(app).id, at(3))
    (_, chart), (second, _) = person(app), person(app)
    other = make_doctor(app)
    entries = [
        wait(desk, doctor_id=doctor.id, patient_id=chart.id),
        wait(second, doctor_id=doctor.id),
        wait(desk, doctor_id=other.id, patient_id=chart.id),
    ]
    call_off(desk, made)
    admin = signed_in(app, "admin")
    if how == "dies":
        assert admin.patch(f"/patients/{chart.id}", json={"status": "deceased"}).status_code == 200
    else:
        assert admin.delete(f"/patients/{chart.id}").status_code == 204
    assert status(desk, *entries) == ["expired", "offered", "expired"]


def test_what_a_cancellation_is_recorded_as_says_nothing_of_who_waits(app, desk, doctor):
    chart = make_patient(app)
    made = book(app, doctor.id, chart.id, at(3))
    waiting = make_patient(app)
    wait(desk, doctor_id=doctor.id, patient_id=waiting.id)
    call_off(desk, made)
    (row,) = query(app, "SELECT * FROM audit_logs WHERE action = 'appointments.cancel'")
    for one in (str(waiting.id), waiting.id.hex, "offer_hold_id"):
        assert one not in repr(row)
    assert chart.id.hex in repr(row).replace("-", "")

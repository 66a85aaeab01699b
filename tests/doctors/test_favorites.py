"""Patients mark doctors; doing it again changes nothing, and nobody sees another's marks."""

import threading

from tests.doctors.support import PRIVATE, add, last_names
from tests.factories.database import query
from tests.factories.people import signed_in
from tests.patients.support import refused

UNKNOWN = "/doctors/01900000-0000-7000-8000-000000000000/favorite"


def test_marked_listed_and_taken_away(app, admin):
    one, other = signed_in(app, "patient"), signed_in(app, "patient")
    first, second = add(admin, last_name="Zander"), add(admin, last_name="Abel")
    for doctor in (first, second):
        for _ in range(2):
            answer = one.post(f"/doctors/{doctor['id']}/favorite")
            assert answer.status_code == 200, answer.text
            assert answer.json["data"]["id"] == doctor["id"]
            assert not PRIVATE & answer.json["data"].keys()
    assert last_names(one.get("/doctors/me/favorites")) == ["Abel", "Zander"]
    assert last_names(one.get("/doctors/me/favorites?sort=created_at")) == ["Zander", "Abel"]
    assert last_names(other.get("/doctors/me/favorites")) == []
    for _ in range(2):
        assert other.delete(f"/doctors/{first['id']}/favorite").status_code == 204
        assert one.delete(f"/doctors/{second['id']}/favorite").status_code == 204
    assert last_names(one.get("/doctors/me/favorites")) == ["Zander"]


def test_who_is_gone_is_not_shown_and_can_be_taken_away(app, admin):
    patient, doctor = signed_in(app, "patient"), add(admin)
    patient.post(f"/doctors/{doctor['id']}/favorite")
    admin.delete(f"/doctors/{doctor['id']}")
    assert last_names(patient.get("/doctors/me/favorites")) == []
    refused(patient.post(f"/doctors/{doctor['id']}/favorite"), 404, "not_found")
    assert patient.delete(f"/doctors/{doctor['id']}/favorite").status_code == 204
    assert query(app, "SELECT * FROM doctor_favorites") == []
    refused(patient.post(UNKNOWN), 404, "not_found")


def test_only_patients_mark(app, admin):
    doctor = add(admin)
    for role in ("admin", "doctor", "cashier"):
        refused(signed_in(app, role).post(f"/doctors/{doctor['id']}/favorite"), 403, "forbidden")


def test_marks_at_once_are_one(app, admin):
    patient, doctor = signed_in(app, "patient"), add(admin)
    answers = []

    def mark():
        answers.append(signed_in(app, user=patient.user).post(f"/doctors/{doctor['id']}/favorite").status_code)

    threads = [threading.Thread(target=mark) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 4
    assert len(query(app, "SELECT * FROM doctor_favorites")) == 1

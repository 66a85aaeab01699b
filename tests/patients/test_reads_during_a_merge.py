"""A read of a patient who is merged just then is answered with who they are now, never with less."""

import threading

import pytest

from server.modules.patients import paths
from server.modules.patients.queries import people
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import path


@pytest.fixture
def pair(app):
    """Give a patient without entries, and the same one again with some."""
    survivor, duplicate = make_patient(app), make_patient(app)
    doctor = signed_in(app, "doctor")
    for one in (survivor, duplicate):
        relate(app, one.id, doctor.user.id)
    for below, body in (
        ("allergies", {"substance": "Latex", "severity": "mild"}),
        ("conditions", {"display": "Asthma"}),
        ("contacts", {"kind": "emergency", "name": "Bo", "relationship": "friend", "phone": "+16175550100"}),
        ("care-team", {"user_id": str(doctor.user.id)}),
    ):
        answer = doctor.post(path(duplicate, below), json=body)
        assert answer.status_code == 201, answer.text
    return survivor, duplicate, doctor


def merging_after(monkeypatch, app, where, survivor, duplicate):
    """Have both merged the next time that this function of this room has answered."""
    (room, name), admin = where, signed_in(app, "admin")
    answer_of = getattr(room, name)

    def merge():
        body = {"duplicate_id": str(duplicate.id)}
        assert admin.post(path(survivor, "merge"), json=body).status_code == 200

    def answer(*args, **kwargs):
        found = answer_of(*args, **kwargs)
        monkeypatch.setattr(room, name, answer_of)
        other = threading.Thread(target=merge)
        other.start()
        other.join()
        return found

    monkeypatch.setattr(room, name, answer)


@pytest.mark.parametrize("below", ["allergies", "conditions", "contacts", "care-team"])
def test_a_list_that_a_merge_emptied_is_the_survivors(app, pair, monkeypatch, below):
    survivor, duplicate, doctor = pair
    merging_after(monkeypatch, app, (paths, "in_scope"), survivor, duplicate)
    answer = doctor.get(path(duplicate, below))
    assert answer.status_code == 200, answer.text
    assert len(answer.json["data"]) == 1
    assert answer.json["data"] == doctor.get(path(survivor, below)).json["data"]


def test_so_is_the_history(app, pair, monkeypatch):
    survivor, duplicate, doctor = pair
    merging_after(monkeypatch, app, (paths, "in_scope"), survivor, duplicate)
    shown = doctor.get(path(duplicate, "medical-history")).json["data"]
    assert [one["substance"] for one in shown["allergies"]] == ["Latex"]
    assert shown == doctor.get(path(survivor, "medical-history")).json["data"]


def test_so_are_the_allergies_that_a_pharmacist_sees(app, pair, monkeypatch):
    survivor, duplicate, _doctor = pair
    pharmacist = signed_in(app, "pharmacist")
    merging_after(monkeypatch, app, (people, "patient_row"), survivor, duplicate)
    shown = pharmacist.get(path(duplicate)).json["data"]
    assert shown["id"] == str(survivor.id)
    assert [one["substance"] for one in shown["allergies"]] == ["Latex"]

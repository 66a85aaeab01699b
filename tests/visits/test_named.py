"""Whom and which visit a body names: a merged patient is said to be one, a stranger's visit is as good as none."""

import uuid

import pytest

from tests.chart.test_merging import merge
from tests.factories.calendar import make_doctor, signed_in_doctor
from tests.factories.charts import make_visit
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import path, refused, without_request_id
from tests.records.documents_support import send
from tests.visits.support import walk_in

WRITES = {
    "/records": {"notes": "Well"},
    "/procedures": {"name": "ECG"},
    "/vaccines": {"vaccine_code": "08", "administered_on": "2025-06-02", "source": "reported"},
}


@pytest.fixture
def doctor(app):
    """Give a client signed in as a doctor with a profile."""
    return signed_in_doctor(app)[0]


@pytest.fixture
def pair(app):
    """Give two patients."""
    return make_patient(app), make_patient(app)


@pytest.mark.parametrize("where", WRITES)
def test_a_body_that_names_a_merged_patient_is_told(app, doctor, pair, where):
    survivor, duplicate = pair
    relate(app, survivor.id, doctor.user.id)
    visit = str(make_visit(app, duplicate.id, make_doctor(app).id))
    assert merge(signed_in(app, "admin"), survivor, duplicate).status_code == 200
    body = {**WRITES[where], "patient_id": str(duplicate.id)}
    refused(doctor.post(where, json=body), 409, "patient_merged")
    refused(doctor.post(where, json={**body, "visit_id": visit}), 409, "patient_merged")
    body["patient_id"] = str(survivor.id)
    assert doctor.post(where, json={**body, "visit_id": visit}).status_code == 201


@pytest.mark.parametrize("where", WRITES)
def test_who_does_not_reach_the_survivor_learns_of_no_merge(app, doctor, pair, where):
    survivor, duplicate = pair
    assert merge(signed_in(app, "admin"), survivor, duplicate).status_code == 200
    answers = [
        doctor.post(where, json={**WRITES[where], "patient_id": str(one)})
        for one in (duplicate.id, survivor.id, uuid.uuid4())
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({without_request_id(answer) for answer in answers}) == 1


def test_a_treatment_at_a_moved_visit_that_names_who_was_merged(app, doctor, pair):
    survivor, duplicate = pair
    visit = walk_in(doctor, duplicate)
    assert merge(signed_in(app, "admin"), survivor, duplicate).status_code == 200
    body = {"name": "Cast", "visit_id": visit["id"], "patient_id": str(duplicate.id)}
    refused(doctor.post("/treatments", json=body), 409, "patient_merged")


def test_a_stranger_s_visit_is_as_good_as_none(app, doctor, pair):
    mine, stranger = pair
    relate(app, mine.id, doctor.user.id)
    visits = [str(make_visit(app, stranger.id, make_doctor(app).id)), str(uuid.uuid4())]
    answers = [send(doctor, mine, visit_id=visit) for visit in visits]
    assert {answer.status_code for answer in answers} == {404}
    assert len({without_request_id(answer) for answer in answers}) == 1
    answers = [doctor.post(path(mine, "conditions"), json={"display": "Gout", "visit_id": visit}) for visit in visits]
    assert {answer.status_code for answer in answers} == {404}
    assert len({without_request_id(answer) for answer in answers}) == 1
    condition = doctor.post(path(mine, "conditions"), json={"display": "Gout"}).json["data"]
    answers = [
        doctor.patch(path(mine, "conditions", condition["id"]), json={"visit_id": visit, "version": 1})
        for visit in visits
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({without_request_id(answer) for answer in answers}) == 1

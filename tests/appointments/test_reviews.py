"""Reviews: one for each completed appointment, by its patient; the doctor's rating is always that of what is shown."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from server.core import clock as now
from server.core.db import db
from server.core.uow import command
from server.modules.appointments.models import Appointment
from tests.factories.calendar import make_doctor
from tests.factories.database import query
from tests.factories.people import API, make_patient, make_user, signed_in
from tests.patients.support import refused


@pytest.fixture
def ada(app):
    """Give a client signed in as a patient with a chart."""
    someone = signed_in(app, "patient")
    someone.chart = make_patient(app, user_id=someone.user.id, first_name="Ada", last_name="Lovelace")
    return someone


@pytest.fixture
def doctor(app):
    """Give a doctor."""
    return make_doctor(app)


def visit(app, doctor, patient, status="completed", days_ago=3):
    """Store an appointment as it would stand after a visit; return its id."""
    with app.app_context(), command("tests.visit", "appointment"):
        starts_at = now.now() - timedelta(days=days_ago)
        made = Appointment(
            patient_id=patient.id,
            doctor_id=doctor.id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=30),
            status=status,
            type="consultation",
        )
        db.session.add(made)
        db.session.flush()
        return str(made.id)


def where(doctor, *more):
    return "/".join([f"/doctors/{doctor.id}/reviews", *map(str, more)])


def rating_of(app, doctor):
    (row,) = query(app, f"SELECT rating_count, rating_sum FROM doctors WHERE id = {literal(app, doctor.id)}")
    return row["rating_count"], row["rating_sum"]


def literal(app, some_id):
    return f"'{some_id}'" if "postgresql" in app.config["SQLALCHEMY_DATABASE_URI"] else f"'{some_id.hex}'"


def reviewed(app, doctor, someone, rating=5, **fields):
    visit(app, doctor, someone.chart)
    answer = someone.post(where(doctor), json={"rating": rating, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json["data"]


def test_a_patient_reviews_a_completed_appointment_and_everybody_reads_it_without_a_name(app, client, ada, doctor):
    appointment = visit(app, doctor, ada.chart)
    answer = ada.post(
        where(doctor), json={"rating": 4, "comment": "Listens. BP <90/60!", "appointment_id": appointment}
    )
    assert answer.status_code == 201, answer.text
    own = answer.json["data"]
    assert own["author"] == "Verified patient"
    assert own["appointment_id"] == appointment
    assert own["hidden"] is None
    assert answer.headers["Location"] == f"{API}{where(doctor, own['id'])}"

    (shown,) = client.get(API + where(doctor)).json["data"]
    assert shown == {
        **{name: own[name] for name in ("id", "rating", "comment", "author", "created_at", "updated_at", "version")}
    }
    assert shown["comment"] == "Listens. BP <90/60!"
    assert rating_of(app, doctor) == (1, 4)


def test_with_show_name_the_first_name_and_an_initial_are_shown(app, client, ada, doctor):
    reviewed(app, doctor, ada, show_name=True)
    answer = client.get(API + where(doctor))
    assert [one["author"] for one in answer.json["data"]] == ["Ada L."]
    assert "Lovelace" not in answer.text
    assert str(ada.chart.id) not in answer.text


def test_without_an_appointment_the_latest_without_a_review_is_reviewed(app, ada, doctor):
    early, late = visit(app, doctor, ada.chart, days_ago=9), visit(app, doctor, ada.chart, days_ago=2)
    visit(app, doctor, ada.chart, status="no_show", days_ago=1)
    first = ada.post(where(doctor), json={"rating": 5}).json["data"]
    second = ada.post(where(doctor), json={"rating": 1}).json["data"]
    assert [first["appointment_id"], second["appointment_id"]] == [late, early]
    refused(ada.post(where(doctor), json={"rating": 3}), 409, "already_reviewed")
    refused(ada.post(where(doctor), json={"rating": 3, "appointment_id": late}), 409, "already_reviewed")
    assert rating_of(app, doctor) == (2, 6)


@pytest.mark.parametrize("status", ["scheduled", "in_progress", "cancelled", "no_show"])
def test_what_was_not_completed_is_not_reviewed(app, ada, doctor, status):
    appointment = visit(app, doctor, ada.chart, status=status)
    refused(ada.post(where(doctor), json={"rating": 5}), 409, "no_completed_appointment")
    named = {"rating": 5, "appointment_id": appointment}
    refused(ada.post(where(doctor), json=named), 409, "no_completed_appointment")
    assert rating_of(app, doctor) == (0, 0)


def test_the_appointment_of_somebody_else_or_at_another_doctor_is_not_found(app, ada, doctor):
    other = visit(app, doctor, make_patient(app))
    elsewhere = visit(app, make_doctor(app), ada.chart)
    for appointment in (other, elsewhere, str(uuid.uuid4())):
        refused(ada.post(where(doctor), json={"rating": 5, "appointment_id": appointment}), 404, "not_found")
    assert ada.post(f"/doctors/{uuid.uuid4()}/reviews", json={"rating": 5}).status_code == 404
    assert ada.get(f"/doctors/{uuid.uuid4()}/reviews").status_code == 404


def test_a_patient_without_a_chart_has_nothing_to_review(app, doctor):
    refused(signed_in(app, "patient").post(where(doctor), json={"rating": 5}), 409, "no_completed_appointment")


@pytest.mark.parametrize("rating", [0, 6, 4.5, "5", None])
def test_a_rating_is_a_whole_number_from_1_to_5(app, ada, doctor, rating):
    visit(app, doctor, ada.chart)
    refused(ada.post(where(doctor), json={"rating": rating}), 422, "validation_failed", "rating")


def test_its_author_changes_and_deletes_a_review_and_the_rating_follows(app, ada, doctor):
    own = reviewed(app, doctor, ada, rating=2)
    changed = ada.patch(where(doctor, own["id"]), json={"rating": 5, "comment": None, "version": own["version"]})
    assert changed.status_code == 200, changed.text
    assert changed.json["data"]["version"] == own["version"] + 1
    assert rating_of(app, doctor) == (1, 5)
    stale = ada.patch(where(doctor, own["id"]), json={"rating": 1}, headers={"If-Match": '"1"'})
    refused(stale, 412, "stale_version")

    assert ada.delete(where(doctor, own["id"])).status_code == 204
    assert ada.delete(where(doctor, own["id"])).status_code == 204
    assert rating_of(app, doctor) == (0, 0)
    assert ada.get(where(doctor)).json["data"] == []
    assert ada.post(where(doctor), json={"rating": 3}).status_code == 201


def test_somebody_elses_review_is_not_theirs_to_touch(app, ada, doctor):
    own = reviewed(app, doctor, ada)
    other = signed_in(app, "patient")
    make_patient(app, user_id=other.user.id)
    refused(other.patch(where(doctor, own["id"]), json={"rating": 1}), 404, "not_found")
    refused(other.delete(where(doctor, own["id"])), 404, "not_found")
    assert rating_of(app, doctor) == (1, 5)


def test_a_hidden_review_leaves_the_list_and_the_rating_and_comes_back(app, client, ada, doctor):
    admin = signed_in(app, "admin")
    own = reviewed(app, doctor, ada, rating=1)
    path = where(doctor, own["id"])
    refused(admin.patch(path, json={"hidden": True}), 422, "validation_failed", "reason")
    hidden = admin.patch(path, json={"hidden": True, "reason": "Names a colleague"})
    assert hidden.status_code == 200, hidden.text
    assert hidden.json["data"]["hidden"]["reason"] == "Names a colleague"
    assert hidden.json["data"]["hidden"]["by"] == str(admin.user.id)
    assert rating_of(app, doctor) == (0, 0)

    assert client.get(API + where(doctor)).json["data"] == []
    assert client.get(API + where(doctor) + "?hidden=true").json["data"] == []
    assert [one["id"] for one in admin.get(where(doctor) + "?hidden=true").json["data"]] == [own["id"]]
    assert admin.get(where(doctor) + "?hidden=false").json["data"] == []
    (mine,) = ada.get(where(doctor)).json["data"]
    assert mine["hidden"].keys() == {"at"}

    # Hiding outlasts what its author does: no change shows it, and deleting it is no way to say it again.
    assert ada.patch(path, json={"comment": "again"}).json["data"]["hidden"]
    refused(ada.patch(path, json={"hidden": False}), 403, "field_not_allowed", "hidden")
    refused(ada.delete(path), 409, "review_hidden")
    refused(ada.post(where(doctor), json={"rating": 1}), 409, "already_reviewed")

    assert admin.patch(path, json={"hidden": False}).json["data"]["hidden"] is None
    assert rating_of(app, doctor) == (1, 1)
    assert len(client.get(API + where(doctor)).json["data"]) == 1


def test_a_moderator_hides_and_rewrites_nothing(app, ada, doctor):
    own = reviewed(app, doctor, ada, rating=1)
    admin = signed_in(app, "admin")
    refused(admin.patch(where(doctor, own["id"]), json={"rating": 5}), 403, "field_not_allowed", "rating")
    refused(admin.delete(where(doctor, own["id"])), 403, "forbidden")
    nurse = signed_in(app, "nurse")
    refused(nurse.patch(where(doctor, own["id"]), json={"rating": 5}), 403, "forbidden")
    assert rating_of(app, doctor) == (1, 1)


def test_nobody_reviews_themselves(app):
    user = make_user(app, "doctor", "patient")
    someone, own = signed_in(app, user=user), make_doctor(app, user_id=user.id)
    visit(app, own, make_patient(app, user_id=someone.user.id))
    refused(someone.post(where(own), json={"rating": 5}), 403, "forbidden")


def test_a_wrong_token_is_refused_also_where_none_is_needed(client, doctor):
    answer = client.get(API + where(doctor), headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


def test_reviews_sort_by_time_and_rating(app, client, doctor):
    for rating in (3, 5, 1):
        someone = signed_in(app, "patient")
        someone.chart = make_patient(app, user_id=someone.user.id)
        reviewed(app, doctor, someone, rating=rating)
    ratings = lambda asked: [one["rating"] for one in client.get(API + where(doctor) + asked).json["data"]]  # noqa: E731
    assert ratings("") == [1, 5, 3]
    assert ratings("?sort=-rating") == [5, 3, 1]
    assert client.get(API + where(doctor) + "?per_page=2").json["meta"]["total"] == 3


@pytest.mark.slow
def test_the_rating_is_the_sum_however_many_review_at_once(app, live_server, doctor):
    """Post twelve reviews by six patients at once: each appointment has one, and the doctor's rating is their sum."""
    import requests

    work = []
    for number in range(6):
        someone = signed_in(app, "patient")
        someone.chart = make_patient(app, user_id=someone.user.id)
        appointment = visit(app, doctor, someone.chart)
        work += [(someone.tokens.headers, appointment, 1 + (number + twice) % 5) for twice in (0, 1)]

    def post(job):
        headers, appointment, rating = job
        body = {"rating": rating, "appointment_id": appointment}
        return requests.post(f"{live_server.base_url}{API}{where(doctor)}", json=body, headers=headers, timeout=30)

    with ThreadPoolExecutor(len(work)) as threads:
        answers = list(threads.map(post, work))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * 6 + [409] * 6, [answer.text for answer in answers]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"already_reviewed"}
    (stored,) = query(app, "SELECT count(*) AS count, sum(rating) AS total FROM doctor_reviews")
    assert rating_of(app, doctor) == (stored["count"], stored["total"]) == (6, stored["total"])

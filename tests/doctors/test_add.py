"""A doctor is added without an account, for one, or with a new one; bad input is named."""

import threading
import uuid

import pytest
import requests

from tests.doctors.support import PRIVATE, PUBLIC, WHOLE, add, facts, look
from tests.factories.database import deliver, mails, query
from tests.factories.people import bearer, make_user, sign_in, signed_in
from tests.patients.support import refused


def test_a_doctor_comes_back_as_sent(app, client, admin):
    answer = admin.post("/doctors", json=WHOLE)
    assert answer.status_code == 201, answer.text
    made = answer.json["data"]
    assert {name: made[name] for name in WHOLE} == WHOLE
    assert made.keys() == PUBLIC | PRIVATE
    assert (made["user_id"], made["rating"], made["rating_count"], made["status"]) == (None, None, 0, "active")
    assert (made["name"], made["version"]) == ("Zoë O'Neill-Łuczak", 1)
    assert answer.headers["Location"] == f"/api/v1/doctors/{made['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert admin.get(f"/doctors/{made['id']}").json["data"] == made
    public = look(client, f"/doctors/{made['id']}").json["data"]
    assert public == {name: made[name] for name in PUBLIC}


def test_a_doctor_is_not_changed_before_they_are_made(admin):
    made = add(admin, specialties=["urology"])
    assert made["updated_at"] >= made["created_at"]


def test_the_least_and_a_name_in_one(admin):
    made = add(admin)
    assert (made["specialties"], made["languages"], made["qualifications"]) == ([], [], [])
    one = admin.post("/doctors", json={"name": "Juan Carlos de la Vega", "id": str(uuid.UUID(int=7, version=4))})
    assert one.status_code == 201
    assert (one.json["data"]["first_name"], one.json["data"]["last_name"]) == ("Juan Carlos de la", "Vega")
    assert one.json["data"]["id"] == str(uuid.UUID(int=7, version=4))
    again = admin.post("/doctors", json=facts(id=one.json["data"]["id"]))
    refused(again, 409, "id_taken", "id")


def test_for_an_account_of_role_doctor(app, admin):
    user = make_user(app, "doctor", "nurse")
    made = add(admin, user_id=str(user.id))
    assert made["user_id"] == str(user.id)
    refused(admin.post("/doctors", json=facts(user_id=str(user.id))), 409, "already_has_profile", "user_id")
    own = signed_in(app, user=user)
    assert own.get("/doctors/me/profile").json["data"] == made
    assert own.get("/auth/me").json["data"]["doctor_id"] == made["id"]


@pytest.mark.parametrize("of", ["nurse", "closed", "nobody"])
def test_for_no_such_account(app, admin, of):
    user_id = {
        "nurse": lambda: make_user(app, "nurse").id,
        "closed": lambda: make_user(app, "doctor", status="deactivated").id,
        "nobody": uuid.uuid4,
    }[of]()
    refused(admin.post("/doctors", json=facts(user_id=str(user_id))), 422, "validation_failed", "user_id")


def test_with_a_new_account_that_is_invited(app, client, admin):
    made = add(admin, email="ida.quist@example.com")
    (user,) = query(app, "SELECT email, status, first_name FROM users WHERE email = 'ida.quist@example.com'")
    assert (user["status"], user["first_name"]) == ("invited", "Ida")
    assert deliver(app) == 1
    assert mails(app)[-1]["To"] == "ida.quist@example.com"
    # Listed and open for bookings before the invitation is accepted.
    assert look(client, f"/doctors/{made['id']}").status_code == 200
    taken = admin.post("/doctors", json=facts(email="IDA.quist@example.com"))
    refused(taken, 409, "email_taken", "email")
    both = admin.post("/doctors", json=facts(email="other@example.com", user_id=made["user_id"]))
    refused(both, 422, "validation_failed", "email")
    assert len(query(app, "SELECT id FROM doctors")) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first_name", None),
        ("last_name", "<b>x</b>"),
        ("title", "x" * 61),
        ("specialties", ["no_such_thing"]),
        ("specialties", ["cardiology", "cardiology"]),
        ("specialties", ["Not a slug"]),
        ("specialties", None),
        ("license_expires_on", "31.12.2030"),
        ("years_of_experience", -1),
        ("years_of_experience", 91),
        ("bio", "<script>x</script>"),
        ("bio", "<p onclick=x>y</p>"),
        ("languages", ["english"]),
        ("languages", ["en", "en"]),
        ("consultation_fee", "-1.00"),
        ("consultation_fee", "1.234"),
        ("consultation_fee", 12.5),
        ("consultation_fee", "99999999.00"),
        ("default_duration_minutes", 4),
        ("default_duration_minutes", 481),
        ("timezone", "Mars/Olympus"),
        ("timezone", "localtime"),
        ("email", "nowhere"),
        ("rating", 5),
        ("status", "inactive"),
        ("calendar_version", 7),
    ],
)
def test_what_is_refused(app, admin, name, value):
    answer = admin.post("/doctors", json=facts(**{name: value}))
    assert answer.status_code == 422, answer.text
    assert any(one.split(".")[0] == name for one in answer.json["errors"]), answer.text
    assert query(app, "SELECT id FROM doctors") == []


def test_an_unknown_specialty_is_named(admin):
    answer = admin.post("/doctors", json=facts(specialties=["cardiology", "astrology", "alchemy"]))
    refused(answer, 422, "validation_failed", "specialties")
    assert "alchemy, astrology" in answer.json["errors"]["specialties"][0]


@pytest.mark.parametrize("name", ["default_duration_minutes", "years_of_experience"])
def test_the_bounds_themselves_are_taken(admin, name):
    for value in {"default_duration_minutes": (5, 480), "years_of_experience": (0, 90)}[name]:
        assert add(admin, **{name: value})[name] == value


def test_two_profiles_for_one_account_at_once(app, live_server):
    admin, user = make_user(app, "admin"), make_user(app, "doctor")
    headers = sign_in(app.test_client(), admin).headers
    found = []

    def post():
        body = facts(user_id=str(user.id))
        found.append(requests.post(f"{live_server.base_url}/api/v1/doctors", json=body, headers=headers, timeout=30))

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in found) == [201, *[409] * 5]
    assert len(query(app, "SELECT id FROM doctors")) == 1


def test_a_token_that_is_no_good_is_told(client):
    assert client.get("/api/v1/doctors", headers=bearer("x.y.z")).status_code == 401
    assert client.get("/api/v1/doctors").status_code == 200

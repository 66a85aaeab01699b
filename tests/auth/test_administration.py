"""Admins unlock, reactivate, sign out and invite again; nobody does it to themselves."""

import uuid

import pytest

from tests.factories.database import audit_rows, deliver, mails, query
from tests.factories.links import ask, link_token, signs_in
from tests.factories.people import PASSWORD, make_user, sign_in, signed_in

NEW = {"email": "new.nurse@example.com", "first_name": "New", "last_name": "Nurse", "roles": ["nurse"]}


@pytest.fixture
def admin(as_role):
    return as_role("admin")


def unlock(admin, user_id):
    return admin.put(f"/users/{user_id}/unlock")


def act(admin, user_id, verb):
    return admin.post(f"/users/{user_id}/{verb}")


def test_a_locked_account_is_unlocked(app, client, admin):
    user = make_user(app, "doctor", status="locked")
    assert signs_in(client, user.email).status_code == 401
    answer = unlock(admin, user.id)
    assert (answer.status_code, answer.json["data"]["status"]) == (200, "active")
    assert signs_in(client, user.email).status_code == 200
    row = next(row for row in audit_rows(app) if row["action"] == "users.unlock")
    assert (row["object_id"], row["values_after"]) == (user.id, {"status": "active"})
    (activity,) = admin.get("/user-activities", query_string={"activity_type": "unlock_account"}).json["data"]
    assert activity["object_id"] == str(user.id)


def test_unlocking_forgets_the_failures(app, client, admin):
    user = make_user(app, "doctor")
    for _ in range(11):
        signs_in(client, user.email, "not the password")
    assert signs_in(client, user.email).status_code == 429
    assert unlock(admin, user.id).status_code == 200
    assert query(app, "SELECT key FROM throttles WHERE key LIKE :key", key=f"%account:{user.id}") == []


@pytest.mark.parametrize("status", ["invited", "active", "deactivated"])
def test_unlocking_leaves_any_other_status(app, admin, status):
    user = make_user(app, "doctor", status=status)
    answer = unlock(admin, user.id)
    assert (answer.status_code, answer.json["data"]["status"], answer.json["data"]["version"]) == (
        200,
        status,
        admin.get(f"/users/{user.id}").json["data"]["version"],
    )


def test_a_deactivated_account_that_was_open_is_open_again(app, client, admin):
    user = make_user(app, "doctor")
    tokens = sign_in(client, user)
    admin.delete(f"/users/{user.id}")
    answer = act(admin, user.id, "reactivate")
    assert (answer.status_code, answer.json["data"]["status"]) == (200, "active")
    assert client.get("/api/v1/auth/me", headers=tokens.headers).status_code == 401
    assert signs_in(client, user.email).status_code == 200
    assert act(admin, user.id, "reactivate").json["data"]["version"] == answer.json["data"]["version"]


def test_one_that_never_was_is_invited_afresh(app, client, admin):
    user_id = admin.post("/users", json=NEW).json["data"]["id"]
    old = link_token(app)
    admin.delete(f"/users/{user_id}")
    answer = act(admin, user_id, "reactivate")
    assert (answer.status_code, answer.json["data"]["status"]) == (200, "invited")
    fresh = link_token(app)
    assert ask(client, "accept-invitation", token=old, password=PASSWORD).json["code"] == "link_invalid"
    assert ask(client, "accept-invitation", token=fresh, password=PASSWORD).status_code == 200


def test_all_sessions_of_a_user_are_ended(app, client, admin):
    doctor = signed_in(app, "doctor")
    other = sign_in(client, doctor.user)
    answer = act(admin, doctor.user.id, "sign-out")
    assert (answer.status_code, answer.json["data"]["id"]) == (200, str(doctor.user.id))
    assert doctor.get("/auth/me").status_code == 401
    assert ask(client, "refresh", refresh_token=other.refresh).status_code == 401
    assert signs_in(client, doctor.user.email).status_code == 200
    assert act(admin, admin.user.id, "sign-out").status_code == 200
    assert admin.get("/users").status_code == 401


def test_a_fresh_invitation_kills_the_old_one_at_once(app, client, admin):
    user_id = admin.post("/users", json=NEW).json["data"]["id"]
    old = link_token(app)
    answer = act(admin, user_id, "invite")
    assert (answer.status_code, answer.json["data"]["status"]) == (200, "invited")
    assert ask(client, "accept-invitation", token=old, password=PASSWORD).json["code"] == "link_invalid"
    assert ask(client, "accept-invitation", token=link_token(app), password=PASSWORD).status_code == 200
    again = act(admin, user_id, "invite")
    assert (again.status_code, again.json["code"]) == (409, "already_active")
    assert deliver(app) == 0
    assert len(mails(app)) == 2


@pytest.mark.parametrize("status", ["active", "locked", "deactivated"])
def test_only_the_invited_are_invited_again(app, admin, status):
    answer = act(admin, make_user(app, "nurse", status=status).id, "invite")
    assert (answer.status_code, answer.json["code"]) == (409, "already_active")


def test_nobody_unlocks_or_reactivates_themselves(app, admin):
    query(app, "UPDATE users SET status = 'locked' WHERE id = :id", id=_stored(app, admin.user.id))
    for answer in (unlock(admin, admin.user.id), act(admin, admin.user.id, "reactivate")):
        assert (answer.status_code, answer.json["code"]) == (403, "own_account")


def _stored(app, user_id):
    """Return an id as the database keeps it."""
    return user_id.hex if app.extensions["settings"].database_uri.startswith("sqlite") else user_id


@pytest.mark.parametrize("verb", ["reactivate", "sign-out", "invite"])
def test_an_unknown_account_is_404(admin, verb):
    assert [act(admin, one, verb).status_code for one in (uuid.uuid4(), "17")] == [404, 404]
    assert unlock(admin, uuid.uuid4()).status_code == 404


def test_an_address_that_somebody_registered_and_never_confirmed_can_be_invited(app, client, admin):
    facts = {
        "first_name": "A",
        "last_name": "Squatter",
        "date_of_birth": "1990-01-01",
        "password": "squatters own words 1",
    }
    assert client.post("/api/v1/auth/register", json={"email": NEW["email"], **facts}).status_code == 202
    found = admin.get("/users", query_string={"q": NEW["email"]}).json["data"]
    assert act(admin, found[0]["id"], "invite").status_code == 200
    token = link_token(app)
    assert signs_in(client, NEW["email"], "squatters own words 1").status_code == 401
    body = {"token": token, "password": PASSWORD}
    assert client.post("/api/v1/auth/accept-invitation", json=body).status_code == 200
    assert signs_in(client, NEW["email"]).status_code == 200

"""A patient is invited to the portal, and the account is tied to that chart and no other."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
import requests

from tests.factories.database import audit_rows, body_of, deliver, everything, mails, query
from tests.factories.links import MARY, ask, link_token, registered, signs_in, token_in
from tests.factories.people import API, PASSWORD, make_patient, make_user, relate, signed_in

EMAIL = "ida.quist@example.com"


@pytest.fixture
def desk(as_role):
    return as_role("receptionist")


@pytest.fixture
def ida(app):
    return make_patient(app, first_name="Ida", last_name="Quist", email=EMAIL)


def invite(someone, patient):
    return someone.post(f"/patients/{patient.id}/portal-invitation")


def invited(app, desk, patient):
    """Invite a patient and return the token of the mail."""
    assert invite(desk, patient).status_code == 200
    return link_token(app)


def accept(client, token, password=PASSWORD):
    return ask(client, "accept-invitation", token=token, password=password)


def chart_of(client, answer):
    """Return the chart that the account of a sign-in answer has."""
    headers = {"Authorization": f"Bearer {answer.json['data']['access_token']}"}
    return client.get(f"{API}/auth/me", headers=headers).json["data"].get("patient_id")


def owners(app):
    return query(app, "SELECT id FROM patients WHERE user_id IS NOT NULL")


def test_the_link_goes_to_the_patients_own_address_and_opens_this_chart(app, client, desk, ida):
    answer = invite(desk, ida)
    assert (answer.status_code, answer.json["data"]) == (200, {"id": str(ida.id), "email": EMAIL})
    token = link_token(app)
    assert EMAIL in mails(app)[-1]["To"]
    assert f"http://localhost:3000/accept-invitation?token={token}" in body_of(mails(app)[-1])
    assert owners(app) == []
    accepted = accept(client, token)
    assert accepted.status_code == 200
    assert accepted.json["data"]["user"]["roles"] == ["patient"]
    assert chart_of(client, accepted) == str(ida.id)
    assert signs_in(client, EMAIL).status_code == 200
    assert accept(client, token).json["code"] == "link_invalid"


def test_who_may_invite_whom(app, as_role, ida):
    doctor, nurse = as_role("doctor"), as_role("nurse")
    assert [invite(one, ida).status_code for one in (doctor, nurse, as_role("cashier"))] == [404, 404, 403]
    for one in (doctor, nurse):
        relate(app, ida.id, one.user.id)
        assert invite(one, ida).status_code == 200
    assert invite(as_role("admin"), ida).status_code == 200
    assert as_role("admin").post(f"/patients/{uuid.uuid4()}/portal-invitation").status_code == 404


def test_what_stands_in_the_way(app, desk, ida):
    no_mail = invite(desk, make_patient(app))
    assert (no_mail.status_code, list(no_mail.json["errors"])) == (422, ["email"])
    owned = make_patient(app, user_id=make_user(app, "patient").id, email="own@example.com")
    assert invite(desk, owned).json["code"] == "already_has_account"
    query(app, "UPDATE patients SET status = 'deceased' WHERE mrn = :mrn", mrn=ida.mrn)
    dead = invite(desk, ida)
    assert (dead.status_code, dead.json["code"]) == (409, "patient_deceased")
    other = make_user(app, "patient", email="parent@example.com")
    make_patient(app, user_id=other.id)
    second = invite(desk, make_patient(app, email="parent@example.com"))
    assert (second.status_code, second.json["code"]) == (409, "already_has_chart")
    make_user(app, "patient", email="closed@example.com", status="deactivated")
    assert list(invite(desk, make_patient(app, email="closed@example.com")).json["errors"]) == ["email"]
    assert deliver(app) == 0


def test_a_new_patient_is_invited_at_once(app, client, desk):
    facts = {"first_name": "Ida", "last_name": "Quist", "date_of_birth": "1990-05-17", "sex": "female"}
    refused = desk.post("/patients", json={**facts, "create_user_account": True})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["email"])
    made = desk.post("/patients", json={**facts, "email": EMAIL, "create_user_account": True})
    assert made.status_code == 201, made.text
    assert chart_of(client, accept(client, link_token(app))) == made.json["data"]["id"]


def test_who_may_not_invite_makes_no_account_either(app, as_role):
    facts = {"first_name": "Ida", "last_name": "Quist", "date_of_birth": "1990-05-17", "sex": "female", "email": EMAIL}
    pharmacist = as_role("pharmacist")
    assert pharmacist.post("/patients", json={**facts, "create_user_account": True}).status_code == 403
    assert pharmacist.post("/patients", json={**facts, "create_user_account": False}).status_code == 201


def test_an_open_account_accepts_with_its_own_password(app, client, desk, ida):
    nurse = make_user(app, "nurse", email=EMAIL.upper())
    token = invited(app, desk, ida)
    wrong = accept(client, token, "not the password")
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["password"])
    accepted = accept(client, token, nurse.password)
    assert accepted.status_code == 200
    assert accepted.json["data"]["user"]["id"] == str(nurse.id)
    assert accepted.json["data"]["user"]["roles"] == ["nurse", "patient"]
    assert chart_of(client, accepted) == str(ida.id)


def test_guesses_at_that_password_are_counted(app, client, desk, ida):
    user = make_user(app, "patient", email=EMAIL)
    token = invited(app, desk, ida)
    assert [accept(client, token, "not the password").status_code for _ in range(11)] == [422] * 10 + [429]
    assert accept(client, token, user.password).status_code == 429


def test_they_are_counted_with_sign_ins(app, client, desk, ida):
    user = make_user(app, "patient", email=EMAIL)
    token = invited(app, desk, ida)
    assert [signs_in(client, EMAIL, "not the password").status_code for _ in range(5)] == [401] * 5
    assert [accept(client, token, "not the password").status_code for _ in range(6)] == [422] * 5 + [429]
    assert signs_in(client, EMAIL, user.password).status_code == 429


def test_too_many_of_them_lock_and_a_locked_account_is_not_let_in(app, desk, ida, make_app):
    user = make_user(app, "patient", email=EMAIL)
    token = invited(app, desk, ida)
    strict = make_app(SIGN_IN_LOCK_AFTER="3").test_client()
    assert [accept(strict, token, "not the password").status_code for _ in range(3)] == [422] * 3
    assert query(app, "SELECT status FROM users WHERE email = :email", email=EMAIL) == [{"status": "locked"}]
    assert accept(strict, token, user.password).status_code == 401
    assert owners(app) == []
    query(app, "UPDATE users SET status = 'active' WHERE email = :email", email=EMAIL)
    assert accept(strict, token, user.password).status_code == 200


def test_a_link_that_went_to_another_address_opens_nothing(app, client, desk, ida):
    user = make_user(app, "patient", email=EMAIL)
    token = invited(app, desk, ida)
    query(app, "UPDATE users SET email = :other WHERE email = :email", email=EMAIL, other=EMAIL.upper())
    assert accept(client, token, user.password).json["code"] == "link_invalid"
    assert owners(app) == []


def test_the_mail_does_not_say_what_a_stranger_typed(app, client, desk, ida):
    ask(client, "register", **{**MARY, "email": EMAIL, "first_name": "Visit evil.example"})
    deliver(app)
    invited(app, desk, ida)
    assert all("evil" not in mail.as_string() for mail in mails(app))


def test_what_a_chart_has_against_it_is_documented(client):
    answers = client.get("/openapi.json").json["paths"][f"{API}/auth/accept-invitation"]["post"]["responses"]
    assert "409" in answers


def test_a_chart_of_ones_own_making_gives_way(app, client, desk):
    known = make_patient(app, first_name="Mary", last_name="Sol", date_of_birth=date(1990, 5, 17), email=MARY["email"])
    registered(app, client)
    accepted = accept(client, invited(app, desk, known))
    assert accepted.status_code == 200
    assert chart_of(client, accepted) == str(known.id)
    flagged = desk.get("/patients", query_string={"possible_duplicate": "true"}).json["data"]
    assert len(flagged) == 1
    assert len(owners(app)) == 1


def test_a_chart_made_by_registering_gives_way_even_where_it_resembled_nobody(app, client, desk):
    registered(app, client)
    known = make_patient(
        app, first_name="Maria", last_name="Soledad", date_of_birth=date(1950, 1, 2), email=MARY["email"]
    )
    accepted = accept(client, invited(app, desk, known))
    assert accepted.status_code == 200
    assert chart_of(client, accepted) == str(known.id)
    flagged = desk.get("/patients", query_string={"possible_duplicate": "true"}).json["data"]
    assert len(flagged) == 1, "the desk merges the one that was made by registering"


def test_any_other_chart_of_ones_own_stays(app, client, desk, ida):
    user = make_user(app, "patient", email=EMAIL)
    token = invited(app, desk, ida)
    own = make_patient(app, user_id=user.id)
    answer = accept(client, token, user.password)
    assert (answer.status_code, answer.json["code"]) == (409, "already_has_chart")
    assert [row["id"] for row in owners(app)] in ([own.id], [own.id.hex])


def test_whoever_registered_unproved_with_this_address_loses_the_password(app, client, desk, ida):
    ask(client, "register", **{**MARY, "email": EMAIL, "password": "a stranger knows this"})
    deliver(app)
    accepted = accept(client, invited(app, desk, ida))
    assert chart_of(client, accepted) == str(ida.id)
    assert signs_in(client, EMAIL, "a stranger knows this").status_code == 401
    assert signs_in(client, EMAIL).status_code == 200


def test_a_fresh_link_kills_the_old_one_at_once(app, client, desk, ida):
    old = invited(app, desk, ida)
    assert invite(desk, ida).status_code == 200
    assert accept(client, old).json["code"] == "link_invalid"
    assert accept(client, link_token(app)).status_code == 200
    assert invite(desk, ida).json["code"] == "already_has_account"


def test_the_link_dies_after_a_day_and_with_the_address(app, client, clock, as_role, ida):
    desk = as_role("receptionist")
    token = invited(app, desk, ida)
    assert desk.patch(f"/patients/{ida.id}", json={"email": "another@example.com"}).status_code == 200
    assert accept(client, token).json["code"] == "link_invalid"
    late = invited(app, desk, ida)
    clock.shift(24 * 3600 + 1)
    assert accept(client, late).json["code"] == "link_invalid"
    assert owners(app) == []


def test_a_patient_who_has_died_since_is_not_tied(app, client, desk, ida):
    token = invited(app, desk, ida)
    query(app, "UPDATE patients SET status = 'deceased' WHERE mrn = :mrn", mrn=ida.mrn)
    assert accept(client, token).json["code"] == "patient_deceased"
    assert owners(app) == []


@pytest.mark.parametrize("path", ["verify-email", "reset-password"])
def test_the_link_opens_nothing_else(app, client, desk, ida, path):
    body = {"new_password": PASSWORD} if path == "reset-password" else {}
    assert ask(client, path, token=invited(app, desk, ida), **body).json["code"] == "link_invalid"


def write_address(someone, patient, email):
    assert someone.patch(f"/patients/{patient.id}", json={"email": email}).status_code == 200


def notices(someone):
    return [one["title"] for one in someone.get("/notifications").json["data"]]


def test_nobody_invites_themselves_to_anothers_chart(app, desk, ida):
    write_address(desk, ida, desk.user.email.upper())
    answer = invite(desk, ida)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["email"])


def test_nor_has_a_colleague_do_it(app, desk, ida, as_role):
    write_address(desk, ida, desk.user.email)
    answer = invite(as_role("receptionist"), ida)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["email"])


def test_nor_by_changing_the_address_after_the_invitation(app, client, desk, ida):
    assert invite(desk, ida).status_code == 200
    write_address(desk, ida, desk.user.email)
    deliver(app)
    (sent,) = (mail for mail in mails(app) if mail["To"] == desk.user.email)
    token = token_in(sent)
    assert accept(client, token, desk.user.password).json["code"] == "link_invalid"
    assert owners(app) == []


def test_staff_are_invited_where_a_colleague_wrote_their_address(app, client, desk, ida, as_role):
    nurse = make_user(app, "nurse")
    write_address(as_role("receptionist"), ida, nurse.email)
    accepted = accept(client, invited(app, desk, ida), nurse.password)
    assert chart_of(client, accepted) == str(ida.id)


def test_admins_hear_of_an_invitation_to_an_address_its_sender_wrote(app, clock, as_role, ida):
    admin, desk, other = as_role("admin"), as_role("receptionist"), as_role("receptionist")
    write_address(desk, ida, "friend@example.com")
    assert invite(other, ida).status_code == 200
    assert notices(admin) == []
    for _ in range(2):
        assert invite(desk, ida).status_code == 200
    assert notices(admin) == ["Portal invitation to a new address"]
    write_address(desk, ida, "another.friend@example.com")
    clock.shift(7 * 24 * 3600 + 1)
    late = signed_in(app, user=desk.user)
    assert invite(late, ida).status_code == 200
    assert notices(signed_in(app, user=admin.user)) == ["Portal invitation to a new address"]


def test_whoever_is_registered_and_invited_at_once_is_no_news(app, desk, as_role):
    admin = as_role("admin")
    facts = {"first_name": "Ida", "last_name": "Quist", "date_of_birth": "1990-05-17", "sex": "female"}
    made = desk.post("/patients", json={**facts, "email": EMAIL, "create_user_account": True})
    assert desk.post(f"/patients/{made.json['data']['id']}/portal-invitation").status_code == 200
    assert notices(admin) == []


def test_the_former_address_hears_of_the_new_one(app, desk, ida):
    write_address(desk, ida, EMAIL.upper())
    assert deliver(app) == 0, "the same mailbox"
    write_address(desk, ida, "another@example.com")
    write_address(desk, ida, None)
    assert deliver(app) == 2
    first, second = mails(app)
    assert (first["To"], second["To"]) == ("IDA.QUIST@example.com", "another@example.com")
    for mail in (first, second):
        assert "Quist" not in mail.as_string()
        assert ida.mrn not in mail.as_string()
    assert "another@example.com" not in first.as_string()


def test_whoever_changes_their_own_hears_nothing(app, as_role):
    somebody = as_role("patient")
    own = make_patient(app, user_id=somebody.user.id, email=EMAIL)
    write_address(somebody, own, "another@example.com")
    assert deliver(app) == 0


def test_the_audit_row_names_the_chart_that_gave_way(app, client, desk):
    known = make_patient(app, first_name="Mary", last_name="Sol", date_of_birth=date(1990, 5, 17), email=MARY["email"])
    registered(app, client)
    (flagged,) = desk.get("/patients", query_string={"possible_duplicate": "true"}).json["data"]
    assert accept(client, invited(app, desk, known)).status_code == 200
    (row,) = (row for row in audit_rows(app) if row["patient_id"] == known.id and not row["action"].startswith("pat"))
    assert [str(one) for one in row["object_ids"]] == [flagged["id"]]


@pytest.mark.slow
def test_of_many_who_open_a_link_at_once_one_succeeds_and_its_secret_is_nowhere(app, desk, ida, live_server):
    token = invited(app, desk, ida)
    before = everything(app)
    together = threading.Barrier(6)

    def one(number):
        together.wait()
        body = {"token": token, "password": f"password of number {number}"}
        return requests.post(f"{live_server.base_url}{API}/auth/accept-invitation", json=body, timeout=20).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(one, range(6)))
    live_server.stop()
    assert statuses == [200, 422, 422, 422, 422, 422]
    assert len(owners(app)) == 1
    for place in (before, everything(app), live_server.log.read_text()):
        assert token not in place
        assert "password of number" not in place


def test_the_mail_tells_nothing_of_health(app, desk, ida, as_role):
    invited(app, desk, ida)
    text = mails(app)[-1].as_string()
    assert ida.mrn not in text
    assert "1980" not in body_of(mails(app)[-1])


def test_staff_do_not_see_their_own_chart_by_it(app, client, desk, ida):
    doctor = make_user(app, "doctor", email=EMAIL)
    accept(client, invited(app, desk, ida), doctor.password)
    own = signed_in(app, user=doctor)
    answer = own.post(f"/patients/{ida.id}/allergies", json={"substance": "Nuts", "severity": "mild"})
    assert (answer.status_code, answer.json["code"]) == (403, "own_record")

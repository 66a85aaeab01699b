"""Second factors: how one is set up, asked for, used once, lost and replaced; and what its passes do not open."""

import xml.etree.ElementTree as ET
from urllib.parse import quote

import pyotp
import pytest
import requests

from tests.auth.doors import Phone, asked, enrol, enrol_by, is_alive, log_in, serving, signed_in_by, verify
from tests.factories.database import audit_rows, deliver, everything, mails, query, token_in
from tests.factories.people import API, PASSWORD, bearer, make_user, signed_in

ENROLL, CONFIRM = f"{API}/auth/mfa/enroll", f"{API}/auth/mfa/confirm"
LATER = 60


def disable(who, code, password=PASSWORD):
    return who.post("/auth/mfa/disable", json={"password": password, "code": code})


def new_codes(who, code, password=PASSWORD):
    return who.post("/auth/mfa/recovery-codes", json={"password": password, "code": code})


def code_of(answer):
    return answer.status_code, answer.json["code"]


@pytest.fixture
def doctor(app, clock):
    """Give a doctor who is signed in, with a phone and recovery codes; the code of the enrolment is long over."""
    someone = signed_in(app, "doctor")
    someone.phone, someone.codes = enrol(someone)
    clock.shift(LATER)
    return someone


# Setting up


def test_enrolment_gives_what_an_app_can_read(app, clock):
    doctor = signed_in(app, "doctor")
    data = doctor.post("/auth/mfa/enroll", json={}).json["data"]
    assert data.keys() == {"secret", "otpauth_uri", "qr_svg"}
    totp = pyotp.parse_uri(data["otpauth_uri"])
    assert isinstance(totp, pyotp.TOTP)
    assert (totp.secret, totp.digits, totp.interval) == (data["secret"], 6, 30)
    assert totp.digest().name == "sha1"
    assert totp.name == doctor.user.email
    assert totp.issuer
    # RFC 4226 asks for 128 bits and recommends 160.
    assert len(totp.byte_secret()) >= 20
    assert data["otpauth_uri"].startswith("otpauth://totp/")
    picture = ET.fromstring(data["qr_svg"])  # noqa: S314 - our own
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert not [part for part in picture.iter() if part.tag.endswith("script")]


@pytest.mark.parametrize("name", ["Praxis & Söhne: Nord", "診療所", "100 % Health?", "A/B #1"])
def test_the_name_of_the_clinic_does_not_break_the_address(make_app, clock, name):
    doctor = signed_in(make_app(CLINIC_NAME=name), "doctor", email="o'brien+x@example.com")
    data = doctor.post("/auth/mfa/enroll", json={}).json["data"]
    totp = pyotp.parse_uri(data["otpauth_uri"])
    assert (totp.secret, totp.name) == (data["secret"], "o'brien+x@example.com")
    assert quote(name) == quote(totp.issuer) or totp.issuer.replace(":", "") == name.replace(":", "")


def test_nothing_is_on_before_the_first_code(app, client, clock):
    doctor = signed_in(app, "doctor")
    doctor.post("/auth/mfa/enroll", json={})
    assert doctor.get("/auth/me").json["data"]["mfa_enabled"] is False
    assert log_in(client, doctor.user).status_code == 200


def test_the_first_code_turns_it_on_and_shows_ten_recovery_codes(app, client, clock):
    doctor = signed_in(app, "doctor")
    phone = Phone(doctor.post("/auth/mfa/enroll", json={}).json["data"]["secret"])
    answer = doctor.post("/auth/mfa/confirm", json={"code": phone.code()})
    assert answer.status_code == 200
    codes = answer.json["data"]["recovery_codes"]
    assert answer.json["data"].keys() == {"recovery_codes"}
    assert len(set(codes)) == len(codes) == 10
    # 40 bits at the least, which ten tries in five minutes do not exhaust.
    assert min(len(code.replace("-", "")) for code in codes) >= 8
    assert doctor.get("/auth/me").json["data"]["mfa_enabled"] is True
    assert code_of(log_in(client, doctor.user)) == (401, "mfa_required")


def test_a_wrong_first_code_turns_nothing_on(app, client, clock):
    doctor = signed_in(app, "doctor")
    phone = Phone(doctor.post("/auth/mfa/enroll", json={}).json["data"]["secret"])
    answer = doctor.post("/auth/mfa/confirm", json={"code": phone.wrong_code()})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["code"])
    assert log_in(client, doctor.user).status_code == 200
    assert doctor.post("/auth/mfa/confirm", json={"code": phone.code()}).status_code == 200


def test_only_the_last_secret_counts(app, clock):
    doctor = signed_in(app, "doctor")
    first, second = (Phone(doctor.post("/auth/mfa/enroll", json={}).json["data"]["secret"]) for _ in range(2))
    assert first.totp.secret != second.totp.secret
    assert doctor.post("/auth/mfa/confirm", json={"code": first.code()}).status_code == 422
    assert doctor.post("/auth/mfa/confirm", json={"code": second.code()}).status_code == 200


def test_what_is_on_is_not_set_up_anew(app, doctor):
    answer = doctor.post("/auth/mfa/enroll", json={})
    assert code_of(answer) == (409, "mfa_already_enabled")
    assert doctor.post("/auth/mfa/confirm", json={"code": doctor.phone.code()}).status_code == 409
    assert verify(doctor.client, asked(doctor.client, doctor.user), doctor.phone.code()).status_code == 200


def test_what_is_not_there_is_neither_confirmed_nor_turned_off(app, clock):
    nurse = signed_in(app, "nurse")
    confirmed = nurse.post("/auth/mfa/confirm", json={"code": "123456"})
    for answer in (confirmed, disable(nurse, "123456"), new_codes(nurse, "123456")):
        assert answer.status_code in (409, 422)
    assert nurse.get("/auth/me").json["data"]["mfa_enabled"] is False


def test_the_enrolment_of_one_is_not_confirmed_by_another(app, clock):
    one, other = signed_in(app, "doctor"), signed_in(app, "doctor")
    phone = Phone(one.post("/auth/mfa/enroll", json={}).json["data"]["secret"])
    assert other.post("/auth/mfa/confirm", json={"code": phone.code()}).status_code in (409, 422)
    other.post("/auth/mfa/enroll", json={})
    assert other.post("/auth/mfa/confirm", json={"code": phone.code()}).status_code == 422
    assert one.post("/auth/mfa/confirm", json={"code": phone.code()}).status_code == 200


# Signing in


def test_the_code_signs_in_after_the_password(app, client, doctor):
    waiting = log_in(client, doctor.user)
    assert code_of(waiting) == (401, "mfa_required")
    assert waiting.headers["WWW-Authenticate"]
    assert not {"access_token", "refresh_token"} & waiting.json.keys()
    answer = verify(client, waiting.json["mfa_token"], doctor.phone.code())
    assert answer.status_code == 200
    assert answer.json["data"].keys() == {
        *("access_token", "refresh_token", "token_type", "expires_in", "refresh_expires_in", "session_id"),
        *("device_token", "user"),
    }
    assert answer.json["data"]["user"]["id"] == str(doctor.user.id)
    assert is_alive(client, answer.json["data"]["access_token"])


def test_password_and_code_sign_in_in_one_call(app, client, clock, doctor):
    assert log_in(client, doctor.user, otp=doctor.phone.code()).status_code == 200
    clock.shift(LATER)
    assert code_of(log_in(client, doctor.user, otp=doctor.phone.wrong_code())) == (401, "wrong_code")
    # A right code tells nothing of a wrong password.
    assert code_of(log_in(client, doctor.user, "a wrong password", otp=doctor.phone.code())) == (401, "bad_credentials")


def test_who_has_no_second_factor_may_send_a_code_for_nothing(app, client):
    assert log_in(client, make_user(app, "doctor"), otp="123456").status_code in (200, 401)


def test_a_known_device_is_asked_too(app, client, clock, doctor):
    known = log_in(client, doctor.user, otp=doctor.phone.code()).json["data"]["device_token"]
    assert code_of(log_in(client, doctor.user, device_token=known)) == (401, "mfa_required")


def test_the_oauth_form_is_no_way_round(app, client, doctor):
    answer = client.post(f"{API}/auth/token", data={"username": doctor.user.email, "password": PASSWORD})
    assert answer.status_code == 401
    assert "access_token" not in answer.json


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
def test_a_clock_may_be_off_by_one_step(client, clock, doctor, steps, status):
    # In the last second of a step, and so far on that the code of the enrolment is none of these.
    clock.shift(240 + 29)
    answer = verify(client, asked(client, doctor.user), doctor.phone.code(steps))
    assert answer.status_code == status
    assert status == 200 or answer.json["code"] == "wrong_code"


def test_a_code_works_once(app, client, doctor):
    code = doctor.phone.code()
    waiting, other = asked(client, doctor.user), asked(client, doctor.user)
    assert verify(client, waiting, code).status_code == 200
    for answer in (verify(client, other, code), verify(client, waiting, code), log_in(client, doctor.user, otp=code)):
        assert answer.status_code == 401
    assert disable(doctor, code).status_code != 200
    assert new_codes(doctor, code).status_code != 200


def test_the_code_of_the_enrolment_is_used(app, client, clock):
    doctor = signed_in(app, "doctor")
    phone, _ = enrol(doctor)
    assert verify(client, asked(client, doctor.user), phone.code()).status_code == 401
    clock.shift(30)
    assert verify(client, asked(client, doctor.user), phone.code()).status_code == 200


ODD = [
    "x",
    "12345",
    "1234567",
    "0" * 40,
    "-12345",
    "+12345",
    "1e5",
    " ",
    "é" * 6,
    "🔑",
    "١٢٣٤٥٦",
    "²²²²²²",
    "null",
    "a\tb",
]


@pytest.mark.parametrize("code", ODD)
def test_an_odd_code_opens_nothing_and_breaks_nothing(app, client, doctor, code):
    waiting = asked(client, doctor.user)
    assert verify(client, waiting, code).status_code in (401, 422)
    assert log_in(client, doctor.user, otp=code).status_code in (401, 422)
    assert disable(doctor, code).status_code in (401, 403, 422)


@pytest.mark.parametrize("code", ["", "0" * 41, 123456, None, True, [], {}, ["123456"]])
def test_what_is_no_code_at_all_is_422(app, client, doctor, code):
    answer = verify(client, asked(client, doctor.user), code)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["code"])


def test_a_code_is_worth_ten_tries_however_it_is_sent(app, client, clock, doctor):
    waiting, wrong = asked(client, doctor.user), doctor.phone.wrong_code()
    seen = [verify(client, waiting, wrong).status_code for _ in range(4)]
    seen += [log_in(client, doctor.user, otp=wrong).status_code for _ in range(3)]
    seen += [verify(client, waiting, "aaaaa-bbbbb").status_code for _ in range(3)]
    assert seen == [401] * 10
    for sent in (doctor.phone.code(), doctor.codes[0]):
        refused = verify(client, waiting, sent)
        assert code_of(refused) == (429, "too_many_tries")
        assert 0 < int(refused.headers["Retry-After"]) <= 300
        assert log_in(client, doctor.user, otp=sent).status_code == 429
    clock.shift(int(refused.headers["Retry-After"]) - 1)
    assert log_in(client, doctor.user, otp=doctor.phone.code()).status_code == 429
    clock.shift(1)
    assert log_in(client, doctor.user, otp=doctor.phone.code()).status_code == 200


def test_asking_again_gives_no_further_tries(app, client, clock, doctor):
    wrong = doctor.phone.wrong_code()
    for _ in range(10):
        assert verify(client, asked(client, doctor.user), wrong).status_code == 401
    answer = log_in(client, doctor.user)
    # Whether the password is still asked for or not: a code is not looked at any more.
    if answer.status_code == 401:
        answer = verify(client, answer.json["mfa_token"], doctor.phone.code())
    assert answer.status_code == 429


def test_the_codes_of_whoever_is_signed_in_are_counted_too(app, clock, doctor):
    answers = [disable(doctor, doctor.phone.wrong_code()).status_code for _ in range(11)]
    assert answers[-1] == 429
    assert 429 not in answers[:10]
    assert new_codes(doctor, doctor.phone.code()).status_code == 429


def test_the_password_beside_a_code_is_counted_too(app, clock, doctor):
    answers = [disable(doctor, "123456", "a wrong password").status_code for _ in range(11)]
    assert answers[-1] == 429
    assert 429 not in answers[:10]


# The pass between password and code


def test_a_pass_is_good_for_five_minutes(app, client, clock, doctor):
    first, second = asked(client, doctor.user), asked(client, doctor.user)
    clock.shift(299)
    assert verify(client, first, doctor.phone.code()).status_code == 200
    clock.shift(2)
    assert code_of(verify(client, second, doctor.phone.code(1))) == (401, "mfa_token_invalid")


def test_a_pass_is_no_token(app, client, doctor):
    waiting = asked(client, doctor.user)
    assert not is_alive(client, waiting)
    assert client.get(f"{API}/auth/verify-token", headers=bearer(waiting)).status_code == 401
    assert client.post(f"{API}/auth/refresh", json={"refresh_token": waiting}).status_code == 401
    assert client.post(f"{API}/auth/refresh", headers=bearer(waiting)).status_code in (401, 422)
    assert client.post(f"{API}/auth/logout", headers=bearer(waiting)).status_code == 401
    assert client.post(f"{API}/auth/mfa/recovery-codes", headers=bearer(waiting), json={}).status_code == 401


def test_no_token_is_a_pass(app, client, doctor):
    for token in (doctor.tokens.access, doctor.tokens.refresh):
        answer = verify(client, token, doctor.phone.code())
        assert code_of(answer) == (401, "mfa_token_invalid")
        assert client.post(ENROLL, json={"mfa_token": token}).status_code == 401


def test_a_pass_for_a_code_opens_nothing_else(app, client, doctor):
    waiting = asked(client, doctor.user)
    assert client.post(ENROLL, json={"mfa_token": waiting}).status_code == 401
    body = {"mfa_token": waiting, "code": doctor.phone.code()}
    assert client.post(CONFIRM, json=body).status_code == 401
    # And none of it was used up.
    assert verify(client, waiting, doctor.phone.code()).status_code == 200


def test_a_pass_is_its_owners(app, client, clock, doctor):
    other = signed_in(app, "nurse")
    other_phone, _ = enrol(other)
    clock.shift(LATER)
    waiting = asked(client, other.user)
    for code in (doctor.phone.code(), doctor.codes[0]):
        assert verify(client, waiting, code).status_code == 401
    answer = verify(client, waiting, other_phone.code())
    assert answer.json["data"]["user"]["id"] == str(other.user.id)


def test_a_pass_dies_with_the_password(app, client, doctor):
    waiting = asked(client, doctor.user)
    body = {"current_password": PASSWORD, "new_password": "another good password"}
    assert doctor.post("/auth/change-password", json=body).status_code == 200
    assert code_of(verify(client, waiting, doctor.phone.code())) == (401, "mfa_token_invalid")
    fresh = log_in(client, doctor.user, "another good password").json["mfa_token"]
    assert verify(client, fresh, doctor.phone.code()).status_code == 200


def test_a_pass_dies_with_the_account(app, client, doctor):
    waiting = asked(client, doctor.user)
    assert signed_in(app, "admin").delete(f"/users/{doctor.user.id}").status_code == 204
    answer = verify(client, waiting, doctor.phone.code())
    assert answer.status_code in (401, 403)
    assert "access_token" not in answer.text


def test_a_pass_dies_with_the_factor(app, client, doctor):
    waiting = asked(client, doctor.user)
    assert disable(doctor, doctor.phone.code()).status_code == 200
    answer = verify(client, waiting, doctor.codes[1])
    assert answer.status_code in (401, 409)


@pytest.mark.parametrize("forged", ["x", "a.b.c", "é" * 10, "🔑", "eyJhbGciOiJub25lIn0.e30.", "x" * 1000])
def test_a_forged_pass_opens_nothing(app, client, doctor, forged):
    for path in (f"{API}/auth/mfa/verify", CONFIRM):
        answer = client.post(path, json={"mfa_token": forged, "code": doctor.phone.code()})
        assert code_of(answer) == (401, "mfa_token_invalid")
    assert code_of(client.post(ENROLL, json={"mfa_token": forged})) == (401, "mfa_token_invalid")


def test_a_pass_that_was_changed_opens_nothing(app, client, doctor):
    waiting = asked(client, doctor.user)
    head, claims, signature = (
        waiting.split(".") if waiting.count(".") == 2 else (waiting[:20], waiting[20:40], waiting[40:])
    )
    for changed in (waiting[:-2], waiting[1:], f"{head}.{claims[::-1]}.{signature}", f"{head}.{claims}."):
        assert code_of(verify(client, changed, doctor.phone.code())) == (401, "mfa_token_invalid")


def test_without_a_pass_or_a_session_there_is_no_enrolment(client):
    assert client.post(ENROLL, json={}).status_code == 401
    assert client.post(CONFIRM, json={"code": "123456"}).status_code == 401
    assert client.post(f"{API}/auth/mfa/verify", json={"code": "123456"}).status_code in (401, 422)


# Duty


@pytest.fixture
def strict(make_app):
    """Give an application in which doctors and admins owe a second factor."""
    return make_app(MFA_REQUIRED_ROLES="admin,doctor")


@pytest.mark.parametrize(
    ("roles", "owes"),
    [(("doctor",), True), (("nurse",), False), (("nurse", "admin"), True), (("patient",), False)],
)
def test_the_duty_goes_by_role(app, strict, roles, owes):
    answer = log_in(strict.test_client(), make_user(app, *roles))
    assert (answer.status_code == 401) is owes
    if owes:
        assert answer.json["code"] == "mfa_enrollment_required"
        assert answer.json["mfa_token"]


def test_whoever_owes_one_enrols_and_is_in(app, strict, clock):
    user, client = make_user(app, "doctor"), strict.test_client()
    waiting = log_in(client, user)
    answer, phone = enrol_by(client, waiting.json["mfa_token"])
    assert answer.status_code == 200
    assert answer.json["data"].keys() == {
        *("access_token", "refresh_token", "token_type", "expires_in", "refresh_expires_in", "session_id"),
        *("device_token", "user", "recovery_codes"),
    }
    assert answer.json["data"]["user"]["mfa_enabled"] is True
    assert len(set(answer.json["data"]["recovery_codes"])) == 10
    assert is_alive(client, answer.json["data"]["access_token"])
    clock.shift(LATER)
    assert code_of(log_in(client, user)) == (401, "mfa_required")
    assert log_in(client, user, otp=phone.code()).status_code == 200


def test_a_code_in_the_same_call_does_not_replace_the_enrolment(app, strict):
    answer = log_in(strict.test_client(), make_user(app, "doctor"), otp="123456")
    assert answer.status_code == 401
    form = {"username": make_user(app, "doctor").email, "password": PASSWORD}
    answer = strict.test_client().post(f"{API}/auth/token", data=form)
    assert answer.status_code == 401
    assert "access_token" not in answer.json


def test_a_pass_for_an_enrolment_opens_nothing_else(app, strict, clock):
    user, client = make_user(app, "doctor"), strict.test_client()
    waiting = log_in(client, user).json["mfa_token"]
    assert not is_alive(client, waiting)
    assert verify(client, waiting, "123456").status_code == 401
    secret = client.post(ENROLL, json={"mfa_token": waiting}).json["data"]["secret"]
    assert verify(client, waiting, Phone(secret).code()).status_code == 401
    clock.shift(301)
    body = {"mfa_token": waiting, "code": Phone(secret).code()}
    assert code_of(client.post(CONFIRM, json=body)) == (401, "mfa_token_invalid")
    assert client.post(ENROLL, json={"mfa_token": waiting}).status_code == 401


def test_an_enrolment_pass_does_not_replace_a_factor_that_is_on(app, strict, clock):
    """Whoever stole a password and holds a pass must not exchange the phone of the owner who has enrolled since."""
    user, client = make_user(app, "doctor"), strict.test_client()
    stolen, own = (log_in(client, user).json["mfa_token"] for _ in range(2))
    pending = Phone(client.post(ENROLL, json={"mfa_token": stolen}).json["data"]["secret"])
    answer, phone = enrol_by(client, own)
    assert answer.status_code == 200
    clock.shift(LATER)
    for token in (stolen, own):
        assert client.post(ENROLL, json={"mfa_token": token}).status_code in (401, 409)
        body = {"mfa_token": token, "code": pending.code()}
        assert client.post(CONFIRM, json=body).status_code in (401, 409)
        assert client.post(CONFIRM, json={**body, "code": phone.code()}).status_code in (401, 409)
    clock.shift(LATER)
    assert log_in(client, user, otp=phone.code()).status_code == 200


def test_the_invited_with_a_duty_enrol_first(app, strict, clock):
    admin = signed_in(app, "admin")
    new = {"email": "new.doctor@example.com", "first_name": "New", "last_name": "Doctor", "roles": ["doctor"]}
    assert admin.post("/users", json=new).status_code == 201
    deliver(app)
    client = strict.test_client()
    body = {"token": token_in(mails(app)[-1]), "password": "seven green bottles"}
    answer = client.post(f"{API}/auth/accept-invitation", json=body)
    assert code_of(answer) == (401, "mfa_enrollment_required")
    (row,) = query(app, "SELECT status, email_verified_at FROM users WHERE email = :email", email=new["email"])
    assert row["status"] == "active"
    assert row["email_verified_at"]
    assert client.post(f"{API}/auth/accept-invitation", json=body).json["code"] == "link_invalid"
    confirmed, phone = enrol_by(client, answer.json["mfa_token"])
    assert confirmed.status_code == 200
    assert is_alive(client, confirmed.json["data"]["access_token"])
    clock.shift(LATER)
    assert log_in(client, new["email"], "seven green bottles", otp=phone.code()).status_code == 200


def test_a_reset_of_the_password_does_not_skip_the_second_factor(app, client, doctor):
    assert client.post(f"{API}/auth/forgot-password", json={"email": doctor.user.email}).status_code in (200, 202)
    deliver(app)
    body = {"token": token_in(mails(app)[-1]), "new_password": "seven green bottles"}
    assert client.post(f"{API}/auth/reset-password", json=body).status_code == 200
    waiting = log_in(client, doctor.user, "seven green bottles")
    assert code_of(waiting) == (401, "mfa_required")
    assert verify(client, waiting.json["mfa_token"], doctor.phone.code()).status_code == 200


# Recovery codes


def test_each_recovery_code_signs_in_once(app, client, doctor):
    for code in doctor.codes:
        assert verify(client, asked(client, doctor.user), code).status_code == 200
    for code in doctor.codes[:3]:
        assert verify(client, asked(client, doctor.user), code).status_code == 401
        assert log_in(client, doctor.user, otp=code).status_code == 401
    assert log_in(client, doctor.user, otp=doctor.phone.code()).status_code == 200


def test_a_recovery_code_is_its_owners(app, client, clock, doctor):
    other = signed_in(app, "nurse")
    enrol(other)
    clock.shift(LATER)
    assert log_in(client, other.user, otp=doctor.codes[0]).status_code == 401
    assert log_in(client, doctor.user, otp=doctor.codes[0]).status_code == 200


def test_new_recovery_codes_kill_the_old(app, client, clock, doctor):
    answer = new_codes(doctor, doctor.phone.code())
    assert answer.status_code == 200
    fresh = answer.json["data"]["recovery_codes"]
    assert len(set(fresh) - set(doctor.codes)) == 10
    assert log_in(client, doctor.user, otp=doctor.codes[0]).status_code == 401
    assert log_in(client, doctor.user, otp=fresh[0]).status_code == 200


@pytest.mark.parametrize("act", [disable, new_codes])
def test_both_the_password_and_the_code_are_needed(app, client, clock, doctor, act):
    for code, password in (
        (doctor.phone.code(), "a wrong password"),
        (doctor.phone.wrong_code(), PASSWORD),
        (doctor.phone.wrong_code(), "a wrong password"),
    ):
        assert act(doctor, code, password).status_code in (401, 403, 422)
    for body in ({"code": doctor.phone.code()}, {"password": PASSWORD}, {}):
        path = "/auth/mfa/disable" if act is disable else "/auth/mfa/recovery-codes"
        assert doctor.post(path, json=body).status_code == 422
    clock.shift(LATER)
    assert code_of(log_in(client, doctor.user)) == (401, "mfa_required")
    assert act(doctor, doctor.phone.code()).status_code == 200


def test_what_is_turned_off_is_off(app, client, clock, doctor):
    assert disable(doctor, doctor.phone.code()).status_code == 200
    assert doctor.get("/auth/me").json["data"]["mfa_enabled"] is False
    assert log_in(client, doctor.user).status_code == 200
    # The codes of the former factor are worth nothing for the next one.
    clock.shift(LATER)
    phone, codes = enrol(doctor)
    assert phone.totp.secret != doctor.phone.totp.secret
    assert not set(codes) & set(doctor.codes)
    clock.shift(LATER)
    for old in (doctor.codes[0], doctor.phone.code()):
        assert log_in(client, doctor.user, otp=old).status_code == 401
    assert log_in(client, doctor.user, otp=phone.code()).status_code == 200


def test_whoever_owes_one_and_turns_it_off_is_asked_to_enrol(app, strict, clock):
    user, client = make_user(app, "doctor"), strict.test_client()
    confirmed, phone = enrol_by(client, log_in(client, user).json["mfa_token"])
    clock.shift(LATER)
    assert disable(signed_in_by(client, user, confirmed), phone.code()).status_code == 200
    assert code_of(log_in(client, user)) == (401, "mfa_enrollment_required")


def test_whoever_loses_the_phone_gets_in_and_enrols_another(app, client, clock, doctor):
    answer = verify(client, asked(client, doctor.user), doctor.codes[0])
    again = signed_in_by(client, doctor.user, answer)
    assert disable(again, doctor.codes[0]).status_code != 200
    assert disable(again, doctor.codes[1]).status_code == 200
    phone, codes = enrol(again)
    clock.shift(LATER)
    assert log_in(client, doctor.user, otp=doctor.phone.code()).status_code == 401
    assert log_in(client, doctor.user, otp=phone.code()).status_code == 200
    assert log_in(client, doctor.user, otp=codes[0]).status_code == 200


# What is kept


def spellings(secret):
    """Return the forms in which a secret might lie around."""
    bare = secret.replace("-", "").replace(" ", "")
    return {secret, bare, bare.lower(), bare.upper(), secret.lower(), secret.upper()}


def test_no_secret_is_in_any_table(app, client, clock):
    doctor = signed_in(app, "doctor")
    pending = doctor.post("/auth/mfa/enroll", json={}).json["data"]["secret"]
    stored = everything(app)
    assert pending not in stored
    assert repr(pyotp.TOTP(pending).byte_secret()) not in stored
    phone, codes = enrol(doctor)
    clock.shift(LATER)
    waiting = asked(client, doctor.user)
    verify(client, waiting, phone.wrong_code())
    code = phone.code()
    assert verify(client, waiting, code).status_code == 200
    assert verify(client, asked(client, doctor.user), codes[0]).status_code == 200
    stored = everything(app)
    for secret in (phone.totp.secret, phone.totp.byte_secret().hex(), waiting, *codes):
        for spelling in spellings(secret):
            assert spelling not in stored
    recorded = repr(audit_rows(app))
    for secret in (code, phone.wrong_code(), codes[0], phone.totp.secret):
        assert f"'{secret}'" not in recorded
    actions = [row["action"] for row in audit_rows(app)]
    assert {"auth.login"} < set(actions)


def test_tries_at_a_code_are_on_record_with_their_user(app, client, doctor):
    verify(client, asked(client, doctor.user), doctor.phone.wrong_code())
    verify(client, asked(client, doctor.user), doctor.phone.code())
    rows = [row for row in audit_rows(app) if row["route"].endswith("/mfa/verify")]
    assert [row["status"] for row in rows] == [401, 200]
    assert [row["outcome"] for row in rows] == ["denied", "success"]
    assert [row["object_id"] for row in rows] == [doctor.user.id] * 2
    assert rows[1]["actor_id"] == doctor.user.id


@pytest.mark.slow
def test_no_secret_is_in_the_log(app, leg):
    user = make_user(app, "doctor")
    with serving(leg) as base:
        access = requests.post(f"{base}/auth/login", json={"email": user.email, "password": PASSWORD}, timeout=20)
        headers = bearer(access.json()["data"]["access_token"])
        secret = requests.post(f"{base}/auth/mfa/enroll", json={}, headers=headers, timeout=20).json()["data"]["secret"]
        phone = Phone(secret)
        code = phone.code()
        answer = requests.post(f"{base}/auth/mfa/confirm", json={"code": code}, headers=headers, timeout=20)
        codes = answer.json()["data"]["recovery_codes"]
        body = {"email": user.email, "password": PASSWORD}
        waiting = requests.post(f"{base}/auth/login", json=body, timeout=20).json()["mfa_token"]
        wrong = phone.wrong_code()
        for sent in (wrong, codes[0]):
            given = {"mfa_token": waiting, "code": sent}
            answer = requests.post(f"{base}/auth/mfa/verify", json=given, timeout=20)
        device = answer.json()["data"]["device_token"]
        # Even whoever writes it where it does not belong.
        requests.get(f"{base}/auth/me", params={"code": codes[1], "mfa_token": waiting}, timeout=20)
    logged = (leg.folder / "gunicorn.log").read_text()
    assert "mfa/verify" in logged
    for kept in (secret, waiting, device, *codes, f'"{code}"', f'"{wrong}"', PASSWORD):
        assert kept not in logged

"""Proxies: a guardian with an account acts for the ward, within the scopes, until they end."""

from datetime import timedelta

import pytest

from tests.factories.database import audit_rows, query
from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import CARD, ids, path, refused, without_request_id
from tests.patients.test_contacts import add
from tests.patients.test_races import at_once, send

READS = ((), ("allergies",), ("conditions",), ("medical-history",), ("care-team",), ("contacts",), ("access-log",))


@pytest.fixture
def desk(app):
    """Give a client signed in as a receptionist."""
    return signed_in(app, "receptionist")


@pytest.fixture
def ward(app):
    """Give the patient for whom somebody acts."""
    return make_patient(app)


def grant(desk, ward, user, *scopes, **fields):
    """Make a user the guardian of a patient; return the path of the proxy."""
    contact = add(desk, ward, kind="guardian", user_id=str(user.id))
    where = path(ward, "contacts", contact["id"], "proxy")
    answer = desk.post(where, json={"scopes": list(scopes or ["view"]), **fields})
    assert answer.status_code == 200, answer.text
    return where


def test_a_guardian_reads_what_the_ward_might(app, desk, ward):
    guardian = signed_in(app, "patient")
    own, other = make_patient(app, user_id=guardian.user.id), make_patient(app)
    for below in READS:
        refused(guardian.get(path(ward, *below)), 404, "not_found")
    grant(desk, ward, guardian.user)
    for below in READS:
        assert guardian.get(path(ward, *below)).status_code == 200, below
        assert guardian.get(path(own, *below)).status_code == 200, below
        refused(guardian.get(path(other, *below)), 404, "not_found")
    assert set(ids(guardian.get("/patients"))) == {str(own.id), str(ward.id)}
    found = guardian.get("/patients/search", query_string={"q": ward.last_name})
    assert ids(found) == [str(ward.id)]
    shown = audit_rows(app)[-1]
    assert (shown["on_behalf_of"], shown["patient_id"]) == (ward.id, ward.id), "the ward's access log tells of it"
    assert "notes" in guardian.get(path(ward)).json["data"]


def test_what_a_guardian_may_not_do(app, desk, ward):
    guardian = signed_in(app, "patient")
    where = grant(desk, ward, guardian.user, "view", "book", "message", "pay")
    contact = where.removesuffix("/proxy")
    body = {"kind": "emergency", "name": "Bo", "relationship": "friend", "phone": "+16175550100"}
    for method, path_, sent in (
        ("PATCH", path(ward), {"phone": "+16175550100"}),
        ("POST", path(ward, "contacts"), body),
        ("PATCH", contact, {"name": "Bo"}),
        ("DELETE", contact, None),
        ("POST", where, {"scopes": ["view"]}),
        ("DELETE", where, None),
    ):
        refused(guardian.open(method, path_, json=sent), 404, "not_found")
    refused(guardian.post(path(ward, "allergies"), json={"substance": "x", "severity": "mild"}), 403, "forbidden")


@pytest.mark.parametrize("scope", ["book", "message", "pay"])
def test_without_view_nothing_is_seen(app, desk, ward, scope):
    guardian = signed_in(app, "patient")
    grant(desk, ward, guardian.user, scope)
    for below in READS:
        refused(guardian.get(path(ward, *below)), 404, "not_found")
    assert ids(guardian.get("/patients")) == []


def test_staff_reach_their_ward_as_the_patient_would(app, desk, ward):
    doctor = signed_in(app, "doctor")
    grant(desk, ward, doctor.user)
    assert doctor.get(path(ward, "conditions")).status_code == 200
    assert ids(doctor.get("/patients")) == [str(ward.id)]
    refused(doctor.post(path(ward, "conditions"), json={"display": "Asthma"}), 404, "not_found")
    refused(doctor.patch(path(ward), json={"occupation": "x"}), 404, "not_found")
    cashier = signed_in(app, "cashier")
    assert set(cashier.get(path(ward)).json["data"]) == CARD
    grant(desk, ward, cashier.user)
    assert "notes" in cashier.get(path(ward)).json["data"]
    assert "notes" in cashier.get("/patients").json["data"][0]
    refused(cashier.get(path(ward, "conditions")), 403, "forbidden")


def test_both_names_are_on_the_audit_row(app, desk, ward):
    guardian, doctor = signed_in(app, "patient"), signed_in(app, "doctor")
    own = make_patient(app, user_id=guardian.user.id)
    for someone in (guardian, doctor):
        grant(desk, ward, someone.user)
    guardian.get(path(ward))
    guardian.get(path(ward, "allergies"))
    doctor.get(path(ward))
    rows = audit_rows(app)[-3:]
    assert [str(row["on_behalf_of"]) for row in rows] == [str(ward.id)] * 3
    assert [row["actor_id"] for row in rows] == [guardian.user.id, guardian.user.id, doctor.user.id]
    guardian.get(path(own))
    relate(app, ward.id, doctor.user.id)
    doctor.get(path(ward))
    assert [row["on_behalf_of"] for row in audit_rows(app)[-2:]] == [None, None]
    log = signed_in(app, "admin").get(path(ward, "access-log?action=patients.read")).json["data"]
    assert [row["on_behalf_of"] for row in log] == [None, str(ward.id), str(ward.id)]


def test_me_lists_the_wards(app, desk, ward):
    guardian, other = signed_in(app, "patient"), make_patient(app)
    assert guardian.get("/auth/me").json["data"]["wards"] == []
    grant(desk, ward, guardian.user, "pay", "view")
    gone = grant(desk, other, guardian.user, "book")
    wards = guardian.get("/auth/me").json["data"]["wards"]
    assert {one["patient_id"]: one["scopes"] for one in wards} == {
        str(ward.id): ["view", "pay"],
        str(other.id): ["book"],
    }
    assert {one["name"] for one in wards} >= {f"{ward.first_name} {ward.last_name}"}
    desk.delete(gone)
    assert [one["patient_id"] for one in guardian.get("/auth/me").json["data"]["wards"]] == [str(ward.id)]


def test_revoked_it_is_over_at_the_next_request(app, desk, ward):
    guardian = signed_in(app, "patient")
    where = grant(desk, ward, guardian.user)
    assert guardian.get(path(ward)).status_code == 200
    assert desk.delete(where).status_code == 204
    refused(guardian.get(path(ward)), 404, "not_found")
    shown = desk.get(where.removesuffix("/proxy")).json["data"]["proxy"]
    assert shown["revoked_at"]
    assert desk.delete(where).status_code == 204
    assert desk.get(where.removesuffix("/proxy")).json["data"]["proxy"] == shown
    again = desk.post(where, json={"scopes": ["view"]}).json["data"]["proxy"]
    assert again == {"scopes": ["view"], "expires_at": None, "revoked_at": None}
    assert guardian.get(path(ward)).status_code == 200


def test_it_ends_when_it_was_said_to(app, clock, ward):
    desk, guardian = signed_in(app, "receptionist"), signed_in(app, "patient")
    where = grant(desk, ward, guardian.user, expires_at="2026-03-02T08:05:00Z")
    assert desk.get(where.removesuffix("/proxy")).json["data"]["proxy"]["expires_at"] == "2026-03-02T08:05:00Z"
    clock.shift(timedelta(minutes=4, seconds=59))
    assert guardian.get(path(ward)).status_code == 200
    clock.shift(timedelta(seconds=1))
    refused(guardian.get(path(ward)), 404, "not_found")


@pytest.mark.parametrize("change", ["delete", "other", "none"])
def test_it_ends_with_its_contact_and_with_the_account(app, desk, ward, change):
    guardian, other = signed_in(app, "patient"), signed_in(app, "patient")
    contact = grant(desk, ward, guardian.user).removesuffix("/proxy")
    if change == "delete":
        assert desk.delete(contact).status_code == 204
    else:
        user_id = str(other.user.id) if change == "other" else None
        assert desk.patch(contact, json={"user_id": user_id}).status_code == 200
    for someone in (guardian, other):
        refused(someone.get(path(ward)), 404, "not_found")
    assert desk.get(contact).json["data"]["proxy"]["revoked_at"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["view", "view"]}, "scopes"),
        ({"scopes": ["all"]}, "scopes.0"),
        ({"scopes": ["view"], "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"scopes": ["view"], "expires_at": "2099-01-01"}, "expires_at"),
    ],
)
def test_what_is_not_valid_is_refused(app, desk, ward, body, field):
    contact = add(desk, ward, user_id=str(make_user(app, "patient").id))
    refused(desk.post(path(ward, "contacts", contact["id"], "proxy"), json=body), 422, "validation_failed", field)


def test_it_takes_the_active_account_of_somebody_else(app, desk, ward):
    view = {"scopes": ["view"]}
    without = add(desk, ward)
    refused(desk.post(path(ward, "contacts", without["id"], "proxy"), json=view), 422, "validation_failed", "user_id")
    user = make_user(app, "patient")
    closed = add(desk, ward, user_id=str(user.id))
    signed_in(app, "admin").delete(f"/users/{user.id}")
    refused(desk.post(path(ward, "contacts", closed["id"], "proxy"), json=view), 422, "validation_failed", "user_id")


@pytest.mark.parametrize("role", ["receptionist", "admin"])
def test_nobody_makes_themselves_a_proxy(app, ward, role):
    someone = signed_in(app, role)
    contact = add(someone, ward, user_id=str(someone.user.id))
    where = path(ward, "contacts", contact["id"], "proxy")
    refused(someone.post(where, json={"scopes": ["view"]}), 422, "validation_failed", "user_id")


def test_patients_give_and_take_their_own(app):
    somebody, guardian = signed_in(app, "patient"), signed_in(app, "patient")
    own = make_patient(app, user_id=somebody.user.id)
    where = grant(somebody, own, guardian.user)
    assert guardian.get(path(own)).status_code == 200
    assert somebody.delete(where).status_code == 204
    assert guardian.get(path(own)).status_code == 404


def test_the_patient_is_told_of_it(app, desk, ward):
    somebody, guardian = signed_in(app, "patient"), signed_in(app, "patient")
    own = make_patient(app, user_id=somebody.user.id)
    grant(desk, ward, guardian.user)
    assert somebody.get("/notifications").json["data"] == []
    grant(desk, own, guardian.user)
    (told,) = somebody.get("/notifications").json["data"]
    assert (told["type"], told["title"]) == ("security", "Somebody may act for you")


def test_a_closed_account_acts_for_nobody(app, desk, ward):
    guardian = signed_in(app, "patient")
    grant(desk, ward, guardian.user)
    signed_in(app, "admin").delete(f"/users/{guardian.user.id}")
    assert guardian.get(path(ward)).status_code == 401


def test_what_is_hidden_without_a_proxy_is_nothing(app, ward):
    guardian = signed_in(app, "patient")
    hidden, random = guardian.get(path(ward)), guardian.get(path(guardian.user.id))
    assert without_request_id(hidden) == without_request_id(random)


def test_the_audit_log_keeps_what_was_given_and_taken(app, desk, ward):
    user = make_user(app, "patient")
    where = grant(desk, ward, user, "view")
    desk.delete(where)
    given, taken = (row for row in audit_rows(app) if row["action"].startswith("proxies."))
    assert given["values_after"]["may_view"] is True
    assert given["values_after"]["user_id"] == str(user.id)
    assert taken["values_after"]["revoked_at"]
    assert {row["patient_id"] for row in (given, taken)} == {ward.id}


def test_two_who_give_and_two_who_take_at_once(app, live_server, ward):
    desk = signed_in(app, "receptionist")
    user = make_user(app, "patient")
    contact = add(desk, ward, user_id=str(user.id))
    where = path(ward, "contacts", contact["id"], "proxy")
    scopes = (["view"], ["pay"])
    given = at_once(2, lambda number: send(live_server, desk, "POST", where, {"scopes": scopes[number]}))
    assert [status for status, _ in given] == [200, 200], given
    assert len(query(app, "SELECT * FROM proxies")) == 1
    taken = at_once(2, lambda _number: statuses_of_delete(live_server, desk, where))
    assert taken == [204, 204]
    (row,) = query(app, "SELECT * FROM proxies")
    assert row["revoked_at"]
    assert row["version"] == 3
    mixed = at_once(
        2,
        lambda number: (
            send(live_server, desk, "POST", where, {"scopes": ["view"]})[0]
            if number
            else statuses_of_delete(live_server, desk, path(ward, "contacts", contact["id"]))
        ),
    )
    assert mixed in ([204, 200], [204, 409])
    (row,) = query(app, "SELECT * FROM proxies")
    assert row["revoked_at"], "a proxy of an ended contact stands"


def statuses_of_delete(server, someone, where):
    import urllib.request

    from tests.factories.people import API

    request = urllib.request.Request(  # noqa: S310 -- our own server
        f"{server.base_url}{API}{where}", method="DELETE", headers=someone.tokens.headers
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 -- our own server
        return answer.status

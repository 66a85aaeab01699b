import uuid
from datetime import date

import pytest

from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import CARD, WHOLE, ids, path, refused, register, without_request_id

PHARMACY = ("pharmacist", "pharmacy_manager", "pharmacy_technician")


@pytest.fixture
def three(app):
    """Give three patients who share a name."""
    return [
        make_patient(app, first_name=name, last_name="Quist", date_of_birth=date(1990, 1, 1), notes="secret")
        for name in ("Ada", "Bea", "Cleo")
    ]


@pytest.mark.parametrize("role", ["doctor", "nurse", "technician"])
def test_clinicians_see_related_patients_only(app, three, role):
    someone = signed_in(app, role)
    assert ids(someone.get("/patients")) == []
    assert someone.get("/patients").json["meta"]["total"] == 0
    relate(app, three[1].id, someone.user.id)
    for where in ("/patients", "/patients/search?q=quist", "/patients/search?q=1990-01-01", "/patients?q=quist"):
        answer = someone.get(where)
        assert ids(answer) == [str(three[1].id)]
        assert answer.json["meta"]["total"] == 1
        assert answer.headers["X-Total-Count"] == "1"
    assert ids(someone.get("/patients/search?q=ada")) == []
    assert someone.get(path(three[1])).json["data"]["notes"] == "secret"
    assert "identifiers" not in someone.get(path(three[1])).json["data"]
    hidden, random = someone.get(path(three[0])), someone.get(f"/patients/{uuid.uuid4()}")
    refused(hidden, 404, "not_found")
    assert without_request_id(hidden) == without_request_id(random)
    assert dict(hidden.headers).keys() == dict(random.headers).keys()


def test_a_relation_holds_from_its_start_to_its_end(app, three, clock):
    doctor = signed_in(app, "doctor")
    now = clock_now()
    relate(app, three[0].id, doctor.user.id, starts_at=now.replace(hour=9), ends_at=now.replace(hour=10))
    seen = []
    for hour, minute in ((8, 59), (9, 0), (9, 59), (10, 0)):
        clock.move_to(now.replace(hour=hour, minute=minute))
        seen.append(signed_in(app, user=doctor.user).get(path(three[0])).status_code)
    assert seen == [404, 200, 200, 404]


def clock_now():
    from server.core import clock as time

    return time.now()


def test_an_audience_reaches_nurses_and_technicians(app, three):
    relate(app, three[0].id, audience="nurses and technicians")
    for role, status in (("nurse", 200), ("technician", 200), ("doctor", 404)):
        assert signed_in(app, role).get(path(three[0])).status_code == status


@pytest.mark.parametrize("role", ["admin", "receptionist"])
def test_admin_and_receptionist_see_all_with_identifiers(as_role, three, role):
    someone = as_role(role)
    assert len(ids(someone.get("/patients"))) == 3
    shown = someone.get(path(three[0])).json["data"]
    assert shown["identifiers"] == []
    assert "allergies" not in shown


def test_a_cashier_sees_the_card_only(as_role, three):
    cashier = as_role("cashier")
    for answer in (cashier.get("/patients"), cashier.get("/patients/search?q=quist")):
        assert len(ids(answer)) == 3
        assert all(set(one) == CARD for one in answer.json["data"])
    assert set(cashier.get(path(three[0])).json["data"]) == CARD


@pytest.mark.parametrize("role", PHARMACY)
def test_pharmacy_roles_see_the_card_and_allergies(app, as_role, three, role):
    doctor = signed_in(app, "doctor")
    relate(app, three[0].id, doctor.user.id)
    assert doctor.post(path(three[0], "allergies"), json={"substance": "Latex", "severity": "mild"}).status_code == 201
    someone = as_role(role)
    shown = someone.get(path(three[0])).json["data"]
    assert set(shown) == CARD | {"allergies"}
    assert [one["substance"] for one in shown["allergies"]] == ["Latex"]
    listed = {one["id"]: one for one in someone.get("/patients").json["data"]}
    assert all(set(one) == CARD | {"allergies"} for one in listed.values())
    assert [len(listed[str(one.id)]["allergies"]) for one in three] == [1, 0, 0]
    assert len(someone.get(path(three[0], "allergies")).json["data"]) == 1
    refused(someone.get(path(three[0], "conditions")), 403, "forbidden")


def test_a_patient_sees_themselves(app, three):
    somebody = signed_in(app, "patient")
    own = make_patient(app, user_id=somebody.user.id, last_name="Quist")
    assert ids(somebody.get("/patients")) == [str(own.id)]
    assert ids(somebody.get("/patients/search?q=quist")) == [str(own.id)]
    refused(somebody.get(path(three[0])), 404, "not_found")
    shown = somebody.get(path(own)).json["data"]
    assert shown["id"] == str(own.id)
    assert "identifiers" not in shown
    assert ids(signed_in(app, "patient").get("/patients")) == []


def test_roles_are_joined_row_by_row(app, three):
    both = signed_in(app, user=make_user(app, "cashier", "doctor"))
    relate(app, three[0].id, both.user.id)
    shown = {one["id"]: set(one) for one in both.get("/patients").json["data"]}
    assert len(shown) == 3
    assert "notes" in shown[str(three[0].id)]
    assert shown[str(three[1].id)] == CARD
    assert "notes" in both.get(path(three[0])).json["data"]
    assert set(both.get(path(three[1])).json["data"]) == CARD
    refused(both.get(path(three[1], "conditions")), 404, "not_found")
    assert both.get(path(three[0], "conditions")).status_code == 200


def test_a_pharmacist_who_is_a_patient_sees_more_of_themselves(app, three):
    both = signed_in(app, user=make_user(app, "pharmacist", "patient"))
    own = make_patient(app, user_id=both.user.id, last_name="Quist")
    shown = {one["id"]: set(one) for one in both.get("/patients").json["data"]}
    assert shown[str(three[0].id)] == CARD | {"allergies"}
    assert {"notes", "email", "allergies"} <= shown[str(own.id)]


def test_a_receptionist_reads_no_chart(as_role, three):
    someone = as_role("receptionist")
    for below in ("conditions", "allergies", "medical-history", "care-team"):
        refused(someone.get(path(three[0], below)), 403, "forbidden")


def test_an_admin_reads_no_chart_without_breaking_the_glass(as_role, three):
    admin = as_role("admin")
    for below in ("conditions", "allergies", "medical-history"):
        refused(admin.get(path(three[0], below)), 404, "not_found")
    assert admin.get(path(three[0], "care-team")).status_code == 200


def test_a_technician_reads_allergies_and_no_other_part_of_the_chart(app, three):
    someone = signed_in(app, "technician")
    relate(app, three[0].id, someone.user.id)
    assert someone.get(path(three[0], "allergies")).status_code == 200
    for below in ("conditions", "medical-history", "care-team"):
        refused(someone.get(path(three[0], below)), 403, "forbidden")


@pytest.mark.parametrize("below", ["conditions", "allergies", "medical-history", "care-team"])
def test_below_a_hidden_patient_everything_is_the_same_404(app, three, below):
    doctor = signed_in(app, "doctor")
    hidden, random = doctor.get(path(three[0], below)), doctor.get(path(uuid.uuid4(), below))
    refused(hidden, 404, "not_found")
    assert without_request_id(hidden) == without_request_id(random)


def test_nobody_is_anybody_without_a_token(client, three):
    for where in ("/patients", path(three[0]), "/patients/search?q=quist", "/patients/lookup?mrn=1"):
        answer = client.get(f"/api/v1{where}")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", ["cashier", "pharmacist"])
def test_nobody_learns_what_is_off_the_card_by_searching_for_it(app, role):
    desk, counter = signed_in(app, "receptionist"), signed_in(app, role)
    made = register(desk, **{**WHOLE, "email": "secret.address@example.com", "preferred_name": "Zizou"})
    by_card = ["/patients/search?q=" + made["last_name"].split()[0], "/patients/search?q=" + made["mrn"]]
    city = WHOLE["address"]["city"]
    off_card = [f"/patients{rest}" for rest in ("/search?q=secret.address", "/search?q=zizou", f"?city={city}")]
    for where in by_card:
        assert ids(counter.get(where)) == [made["id"]], where
    for where in off_card:
        assert ids(desk.get(where)) == [made["id"]], where
        assert ids(counter.get(where)) == [], where

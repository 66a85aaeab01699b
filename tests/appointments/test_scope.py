"""Who sees which appointments, and how much of each."""

from datetime import timedelta
from typing import Any

import pytest

from server.core import clock
from server.modules.appointments.enums import Status
from tests.appointments.rows import appointment
from tests.factories.calendar import at, make_doctor, signed_in_doctor, written
from tests.factories.database import audit_rows
from tests.factories.people import SignedIn, make_patient, make_user, relate, signed_in
from tests.patients.support import ids, refused

SECRETS = {"reason": "Fear of flying", "notes": "Call the wife first", "override_reason": "Lunch hour by favour"}
WITHHELD = {"reason", "notes", "override_reason"}
LISTS = ("/appointments", "/appointments/search?q=family")


@pytest.fixture
def world(app):
    """Give two doctors with an appointment each, of two patients."""
    return World(app)


class World:
    """Two doctors and two patients: Ada sees Wim, Bo sees Zoe."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.ada, self.ada_doctor = signed_in_doctor(app, first_name="Ada")
        self.bo, self.bo_doctor = signed_in_doctor(app, first_name="Bo")
        self.wim_user, self.zoe_user = make_user(app, "patient"), make_user(app, "patient")
        self.wim = make_patient(app, user_id=self.wim_user.id, first_name="Wim", last_name="Familyone")
        self.zoe = make_patient(app, user_id=self.zoe_user.id, first_name="Zoe", last_name="Familytwo")
        self.ada_wim = appointment(app, self.ada_doctor.id, self.wim.id, at(1), **SECRETS)
        self.bo_zoe = appointment(app, self.bo_doctor.id, self.zoe.id, at(2), **SECRETS)

    def seen_by(self, someone: SignedIn) -> set[str]:
        """Return what somebody finds, the same in the list, the search and one by one."""
        found = [set(ids(someone.get(path))) for path in LISTS]
        by_id = {
            str(one) for one in (self.ada_wim, self.bo_zoe) if someone.get(f"/appointments/{one}").status_code == 200
        }
        assert found == [by_id, by_id]
        histories = {
            str(one)
            for one in (self.ada_wim, self.bo_zoe)
            if someone.get(f"/appointments/{one}/history").status_code == 200
        }
        assert histories == by_id
        return by_id


@pytest.mark.parametrize("role", ["admin", "nurse", "receptionist", "technician", "cashier"])
def test_who_sees_every_appointment(world, role):
    assert world.seen_by(signed_in(world.app, role)) == {str(world.ada_wim), str(world.bo_zoe)}


def test_a_doctor_sees_their_own_calendar_and_patients_in_relation(app, world):
    assert world.seen_by(world.ada) == {str(world.ada_wim)}
    assert world.seen_by(world.bo) == {str(world.bo_zoe)}
    relate(app, world.zoe.id, world.ada.user.id)
    assert world.seen_by(world.ada) == {str(world.ada_wim), str(world.bo_zoe)}
    assert set(ids(world.ada.get("/appointments/doctor/me"))) == {str(world.ada_wim)}


def test_a_relation_that_ended_shows_nothing(app, world):
    now = clock.now()
    relate(app, world.zoe.id, world.ada.user.id, starts_at=now - timedelta(days=9), ends_at=now - timedelta(days=1))
    assert world.seen_by(world.ada) == {str(world.ada_wim)}


def test_a_doctor_without_a_profile_sees_nothing(world):
    assert world.seen_by(signed_in(world.app, "doctor")) == set()


def test_a_patient_sees_their_own(world):
    wim = signed_in(world.app, user=world.wim_user)
    assert world.seen_by(wim) == {str(world.ada_wim)}
    assert ids(wim.get("/appointments/me")) == [str(world.ada_wim)]
    shown = wim.get(f"/appointments/{world.ada_wim}").json["data"]
    assert shown["reason"] == SECRETS["reason"]
    assert world.seen_by(signed_in(world.app, "patient")) == set()


@pytest.mark.parametrize("role", ["pharmacist", "pharmacy_manager", "pharmacy_technician"])
def test_the_pharmacy_sees_none(world, role):
    someone = signed_in(world.app, role)
    for path in (*LISTS, f"/appointments/{world.ada_wim}", "/appointments/me", "/appointments/queue"):
        refused(someone.get(path), 403, "forbidden")


def test_a_cashier_sees_the_card_alone(app, world):
    cancelled = appointment(
        app,
        world.ada_doctor.id,
        world.wim.id,
        at(3),
        status=Status.CANCELLED,
        cancelled_at=clock.now(),
        cancelled_party="patient",
        cancel_reason="Afraid of the result",
        **SECRETS,
    )
    cashier, admin = signed_in(app, "cashier"), signed_in(app, "admin")
    whole = admin.get(f"/appointments/{cancelled}").json["data"]
    assert {name: whole[name] for name in SECRETS} == SECRETS
    assert whole["cancelled"]["reason"] == "Afraid of the result"
    for answer in (cashier.get(f"/appointments/{cancelled}"), cashier.get("/appointments"), cashier.get(LISTS[1])):
        text = answer.text
        assert "Wim Familyone" in text
        assert not [word for word in (*SECRETS.values(), "Afraid") if word in text]
    card = cashier.get(f"/appointments/{cancelled}").json["data"]
    assert whole.keys() - card.keys() == WITHHELD
    assert whole["cancelled"].keys() - card["cancelled"].keys() == {"reason"}


def test_a_cashier_finds_nothing_by_its_reason(app, world):
    cashier, admin = signed_in(app, "cashier"), signed_in(app, "admin")
    for q in ("flying", "fear flying", "wim flying"):
        query = {"q": q}
        assert str(world.ada_wim) in ids(admin.get("/appointments/search", query_string=query))
        for path in ("/appointments/search", "/appointments"):
            assert ids(cashier.get(path, query_string=query)) == []
    assert ids(cashier.get("/appointments/search?q=wim")) == [str(world.ada_wim)]


def test_a_cashier_who_is_a_patient_sees_more_of_their_own(app, world):
    user = make_user(app, "cashier", "patient")
    own = make_patient(app, user_id=user.id, last_name="Familythree")
    visit = appointment(app, world.ada_doctor.id, own.id, at(4), **SECRETS)
    someone = signed_in(app, user=user)
    rows = {one["id"]: one for one in someone.get("/appointments").json["data"]}
    assert {one for one, shown in rows.items() if "reason" in shown} == {str(visit)}
    assert len(rows) == 3
    assert ids(someone.get("/appointments/search?q=flying")) == [str(visit)]
    assert ids(someone.get("/appointments/search?q=family%20flying")) == [str(visit)]
    assert "reason" in someone.get(f"/appointments/{visit}").json["data"]
    assert "reason" not in someone.get(f"/appointments/{world.bo_zoe}").json["data"]


def test_a_receptionist_who_is_a_cashier_sees_all(app, world):
    someone = signed_in(app, "receptionist", "cashier")
    assert "reason" in someone.get(f"/appointments/{world.ada_wim}").json["data"]
    assert len(ids(someone.get("/appointments/search?q=flying"))) == 2


def guardian_of(app: Any, world: World, *scopes: str) -> SignedIn:
    """Return somebody who may act for Wim."""
    guardian = make_user(app, "patient")
    desk = signed_in(app, "receptionist")
    contact = {
        "kind": "guardian",
        "name": "G",
        "relationship": "mother",
        "phone": "+16175550100",
        "user_id": str(guardian.id),
    }
    base = f"/patients/{world.wim.id}/contacts"
    contact_id = desk.post(base, json=contact).json["data"]["id"]
    answer = desk.post(f"{base}/{contact_id}/proxy", json={"scopes": list(scopes)})
    assert answer.status_code in (200, 201), answer.text
    return signed_in(app, user=guardian)


def test_a_proxy_who_may_view_sees_the_wards_appointments(app, world):
    guardian = guardian_of(app, world, "view")
    assert world.seen_by(guardian) == {str(world.ada_wim)}
    assert ids(guardian.get("/appointments/me")) == [str(world.ada_wim)]
    for path in ("/appointments/me", f"/appointments/{world.ada_wim}", f"/appointments/{world.ada_wim}/history"):
        assert guardian.get(path).status_code == 200
        row = audit_rows(app)[-1]
        assert (row["patient_id"], row["on_behalf_of"]) == (world.wim.id, world.wim.id), path


def test_a_proxy_who_may_only_book_sees_nothing(app, world):
    guardian = guardian_of(app, world, "book")
    assert world.seen_by(guardian) == set()
    assert ids(guardian.get("/appointments/me")) == []


def test_own_and_wards_stand_together(app, world):
    guardian = guardian_of(app, world, "view")
    own = make_patient(app, user_id=guardian.user.id, last_name="Familyfour")
    visit = appointment(app, world.bo_doctor.id, own.id, at(5))
    assert ids(guardian.get("/appointments/me")) == [str(world.ada_wim), str(visit)]
    assert guardian.get(f"/appointments/{visit}").status_code == 200
    assert audit_rows(app)[-1]["on_behalf_of"] is None


def test_a_doctors_own_visits_as_a_patient(app, world):
    user = make_user(app, "doctor", "patient")
    make_doctor(app, user_id=user.id)
    own = make_patient(app, user_id=user.id, last_name="Familyfive")
    visit = appointment(app, world.bo_doctor.id, own.id, at(6))
    someone = signed_in(app, user=user)
    assert ids(someone.get("/appointments")) == ids(someone.get("/appointments/me")) == [str(visit)]
    assert ids(someone.get("/appointments/doctor/me")) == []


def test_broken_glass_opens_one_appointment_and_no_list(app, world):
    opened = world.ada.post(f"/patients/{world.zoe.id}/break-glass", json={"reason": "Found unconscious"})
    assert opened.status_code == 201
    assert world.ada.get(f"/appointments/{world.bo_zoe}").status_code == 200
    assert audit_rows(app)[-1]["break_glass_id"] is not None
    assert ids(world.ada.get("/appointments")) == [str(world.ada_wim)]


def test_what_is_out_of_scope_is_not_there(world):
    absent = "01900000-0000-7000-8000-000000000000"
    for where in (str(world.bo_zoe), absent):
        for path in (f"/appointments/{where}", f"/appointments/{where}/history"):
            refused(world.ada.get(path), 404, "not_found")


def test_the_audit_row_names_the_patient(app, world):
    admin = signed_in(app, "admin")
    admin.get(f"/appointments/{world.ada_wim}")
    row = audit_rows(app)[-1]
    assert (row["action"], row["object_id"], row["patient_id"]) == ("appointments.read", world.ada_wim, world.wim.id)
    admin.get(f"/appointments/{world.ada_wim}/history")
    row = audit_rows(app)[-1]
    assert (row["action"], row["object_id"], row["patient_id"]) == ("appointments.history", world.ada_wim, world.wim.id)
    admin.get(f"/appointments?patient_id={world.wim.id}")
    assert audit_rows(app)[-1]["patient_id"] == world.wim.id
    admin.get("/appointments")
    row = audit_rows(app)[-1]
    assert row["patient_id"] is None
    assert set(row["object_ids"]) == {str(world.ada_wim), str(world.bo_zoe)}


@pytest.mark.parametrize("role", ["patient", "cashier", "nurse"])
def test_who_is_no_doctor_any_more_has_no_calendar(app, world, role):
    admin, path = signed_in(app, "admin"), f"/appointments/{world.ada_wim}"
    days = {"from": at(1).date().isoformat(), "to": at(9).date().isoformat()}
    wish = {"doctor_id": str(world.ada_doctor.id), "patient_id": str(world.zoe.id), **days}
    assert admin.post("/waitlist", json=wish).status_code == 201
    assert admin.patch(f"/users/{world.ada.user.id}", json={"roles": [role]}).status_code == 200
    ada = signed_in(app, user=world.ada.user)
    if role == "nurse":
        assert ada.get(path).json["data"]["reason"] == SECRETS["reason"]
    elif role == "cashier":
        assert "reason" not in ada.get(path).json["data"]
        assert {"reason"} & {name for one in ada.get("/appointments").json["data"] for name in one} == set()
    else:
        assert world.seen_by(ada) == set()
        assert ids(ada.get("/waitlist")) == []
        refused(ada.post(f"{path}/reschedule", json={"starts_at": written(at(4))}), 404, "not_found")
        refused(ada.post(f"{path}/cancel", json={}), 404, "not_found")
    if role != "nurse":
        assert ids(ada.get("/appointments/doctor/me")) == []
    profile = admin.get(f"/doctors/{world.ada_doctor.id}").json["data"]
    assert (profile["status"], profile["user_id"]) == ("inactive", str(world.ada.user.id))
    assert admin.get(path).json["data"]["status"] == "scheduled"


def test_another_change_of_roles_leaves_the_profile_open(app, world):
    admin = signed_in(app, "admin")
    assert admin.patch(f"/users/{world.ada.user.id}", json={"roles": ["doctor", "patient"]}).status_code == 200
    assert admin.get(f"/doctors/{world.ada_doctor.id}").json["data"]["status"] == "active"

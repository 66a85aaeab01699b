"""What appointments look like, and how they are listed, filtered and searched."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from server.core import clock as clocks
from server.modules.appointments.enums import Status
from tests.appointments.rows import add_events, appointment
from tests.factories.calendar import make_doctor, signed_in_doctor, written
from tests.factories.people import make_patient, make_user, signed_in
from tests.patients.support import blamed, ids, refused


@pytest.fixture
def noon(clock):
    """Stop the clock at noon, in UTC; the clinic is in Berlin."""
    clock.move_to(datetime.fromisoformat("2026-03-02T12:00:00+00:00"))
    return clocks.now()


@pytest.fixture
def admin(app, noon):
    """Give a client of an admin."""
    return signed_in(app, "admin")


def test_the_shape_of_an_appointment(app, admin, noon):
    doctor = make_doctor(app, first_name="Ada", last_name="Byron", timezone="America/New_York")
    patient = make_patient(app, first_name="Wim", last_name="Wenders")
    made = appointment(app, doctor.id, patient.id, noon + timedelta(days=1), minutes=45, reason="Ear", location="R2")
    answer = admin.get(f"/appointments/{made}")
    assert answer.headers["ETag"] == '"1"'
    assert answer.json["data"] == {
        "id": str(made),
        "created_at": "2026-03-02T12:00:00Z",
        "updated_at": "2026-03-02T12:00:00Z",
        "version": 1,
        "patient": {"id": str(patient.id), "name": "Wim Wenders", "mrn": patient.mrn},
        "doctor": {"id": str(doctor.id), "name": "Ada Byron"},
        "patient_id": str(patient.id),
        "doctor_id": str(doctor.id),
        "patient_name": "Wim Wenders",
        "doctor_name": "Ada Byron",
        "starts_at": "2026-03-03T12:00:00Z",
        "ends_at": "2026-03-03T12:45:00Z",
        "duration_minutes": 45,
        "local_start": "2026-03-03T07:00:00-05:00",
        "status": "scheduled",
        "type": "consultation",
        "location": "R2",
        "queue_number": None,
        "checked_in_at": None,
        "begun_at": None,
        "completed_at": None,
        "series_id": None,
        "visit_id": None,
        "cancelled": None,
        "reason": "Ear",
        "notes": None,
        "override_reason": None,
    }
    assert admin.get("/appointments").json["data"] == [answer.json["data"]]
    assert admin.get("/appointments/search?q=ear").json["data"] == [answer.json["data"]]


def test_a_cancelled_one_says_when_by_whom_and_why(app, admin, noon):
    by = make_user(app, "receptionist")
    made = appointment(
        app,
        make_doctor(app).id,
        make_patient(app).id,
        noon,
        status=Status.CANCELLED,
        cancelled_at=noon,
        cancelled_by=by.id,
        cancelled_party="clinic",
        cancel_reason="Flood",
    )
    cancelled = {"at": "2026-03-02T12:00:00Z", "by": str(by.id), "party": "clinic", "reason": "Flood"}
    assert admin.get(f"/appointments/{made}").json["data"]["cancelled"] == cancelled


def test_local_time_is_the_clinics_without_a_zone_of_the_doctors_own(app, admin, noon):
    made = appointment(app, make_doctor(app).id, make_patient(app).id, noon)
    assert admin.get(f"/appointments/{made}").json["data"]["local_start"] == "2026-03-02T13:00:00+01:00"


@pytest.fixture
def many(app, noon):
    """Give five appointments of two doctors and two patients, a day apart, by their numbers."""
    return Many(app, noon)


class Many:
    """Appointments 0 to 4: doctor A (0, 1, 2) and B (3, 4); patient Wim (0, 3) and Zoe (1, 2, 4)."""

    def __init__(self, app: Any, noon: datetime) -> None:
        self.a = make_doctor(app, first_name="Ada", last_name="Byron")
        self.b = make_doctor(app, first_name="Bo", last_name="Diddley")
        self.wim = make_patient(app, first_name="Wim", last_name="Wenders", email="wim@example.com")
        self.zoe = make_patient(app, first_name="Zoë", last_name="Ångström")
        facts: list[tuple[Any, Any, dict[str, Any]]] = [
            (self.a, self.wim, {"status": Status.COMPLETED, "reason": "Müde Augen"}),
            (self.a, self.zoe, {"status": Status.CONFIRMED, "type": "follow_up"}),
            (self.a, self.zoe, {"status": Status.SCHEDULED, "reason": "100% sure it_is"}),
            (self.b, self.wim, {"status": Status.CANCELLED, "reason": "Byron's knee"}),
            (self.b, self.zoe, {"status": Status.NO_SHOW, "type": "telehealth"}),
        ]
        self.starts = [noon + timedelta(days=number - 1) for number in range(len(facts))]
        self.made = [
            str(appointment(app, doctor.id, patient.id, at, **fields))
            for (doctor, patient, fields), at in zip(facts, self.starts, strict=True)
        ]
        self.admin = signed_in(app, "admin")

    def __call__(self, path: str = "/appointments", **query: Any) -> list[int]:
        """Return the numbers of what is found."""
        answer = self.admin.get(path, query_string=query)
        assert answer.status_code == 200, answer.text
        assert answer.json["meta"]["total"] == len(answer.json["data"])
        return [self.made.index(one) for one in ids(answer)]


def test_the_list_goes_by_time(many):
    assert many() == [0, 1, 2, 3, 4]
    assert many(sort="-starts_at") == [4, 3, 2, 1, 0]
    assert many(sort="-created_at") == [4, 3, 2, 1, 0]


def test_filters_narrow_list_and_search(many):
    for path, more in (("/appointments", {}), ("/appointments/search", {"q": "w"})):
        found = {
            "all": many(path, **more),
            "a": many(path, doctor_id=many.a.id, **more),
            "zoe": many(path, patient_id=many.zoe.id, **more),
            "both": many(path, doctor_id=many.a.id, patient_id=many.zoe.id, **more),
        }
        whole = set(found["all"])
        assert found["a"] == [one for one in (0, 1, 2) if one in whole]
        assert found["zoe"] == [one for one in (1, 2, 4) if one in whole]
        assert found["both"] == [one for one in (1, 2) if one in whole]
    assert many(status="completed") == [0]
    assert many(status="cancelled,no_show") == [3, 4]
    assert many(status="scheduled,scheduled") == [2]
    assert many(type="telehealth") == [4]
    assert many(patient_id="01900000-0000-7000-8000-000000000000") == []


def test_a_range_of_days_has_both_ends(many):
    assert many(**{"from": "2026-03-02"}) == [1, 2, 3, 4]
    assert many(**{"from": "2026-03-02", "to": "2026-03-03"}) == [1, 2]
    assert many(to="2026-03-01") == [0]


def test_days_are_the_clinics(app, admin):
    doctor, patient = make_doctor(app), make_patient(app)
    times = ["2026-03-01T23:59:00+01:00", "2026-03-02T00:00:00+01:00", "2026-03-02T23:59:00+01:00"]
    made = [str(appointment(app, doctor.id, patient.id, datetime.fromisoformat(one))) for one in times]
    assert ids(admin.get("/appointments?from=2026-03-02&to=2026-03-02")) == made[1:]


def test_a_range_of_instants_leaves_its_end_out(many):
    noon = written(many.starts[2])
    assert many(**{"from": noon}) == [2, 3, 4]
    assert many(to=noon) == [0, 1]
    assert many(**{"from": "2026-03-03T13:00:00+01:00"}) == [2, 3, 4]


@pytest.mark.parametrize(
    ("q", "numbers"),
    [
        ("wim", [0, 3]),
        ("WENDERS wim", [0, 3]),
        ("zoe angstrom", [1, 2, 4]),
        ("diddley", [3, 4]),
        ("byron", [0, 1, 2, 3]),
        ("byron knee", [3]),
        ("mude", [0]),
        ("augen wim byron", [0]),
        ("augen zoe", []),
        ("wim@example.com", [0, 3]),
        ("100% it_is", [2]),
        ("o", [0, 1, 2, 3, 4]),
        ("nobody", []),
    ],
)
def test_a_search_looks_at_patient_doctor_and_reason(many, q, numbers):
    assert many("/appointments/search", q=q) == numbers
    assert many(q=q) == numbers


def test_the_number_of_a_patient_finds_their_appointments(many):
    assert many(q=many.wim.mrn) == [0, 3]


def test_an_email_finds_nothing_for_those_who_may_not_see_it(app, many):
    for role, numbers in (("nurse", []), ("technician", []), ("cashier", []), ("receptionist", [0, 3])):
        someone = signed_in(app, role)
        found = ids(someone.get("/appointments", query_string={"q": "wim@example.com"}))
        assert [many.made.index(one) for one in found] == numbers, role
        assert len(ids(someone.get("/appointments?q=wenders"))) == 2


@pytest.mark.parametrize("path", ["/appointments", "/appointments/me", "/appointments/doctor/me"])
def test_a_range_has_an_order(admin, path):
    for since, until in (
        ("2026-03-02", "2026-03-01"),
        ("2026-03-02T09:00:01Z", "2026-03-02T09:00:00Z"),
        ("2026-03-02T23:00:00Z", "2026-03-02"),
    ):
        answer = admin.get(path, query_string={"from": since, "to": until})
        assert (answer.status_code, blamed(answer)) == (422, {"to"}), answer.text
    assert admin.get(path, query_string={"from": "2026-03-02T22:59:59Z", "to": "2026-03-02"}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "2026-02-30"},
        {"to": "2026-03-02T10:00:00"},
        {"to": "0001-01-01"},
        {"from": "9999-12-31"},
        {"from": "9999-12-31T23:59:59-14:00"},
        {"status": "gone"},
        {"status": "scheduled,"},
        {"status": ""},
        {"type": "party"},
        {"doctor_id": "7"},
        {"patient_id": "me"},
        {"sort": "status"},
        {"q": ""},
        {"q": "x" * 201},
        {"q": "a\u0000b"},
        {"when": "soon"},
    ],
)
@pytest.mark.parametrize(
    "path", ["/appointments", "/appointments/search", "/appointments/me", "/appointments/doctor/me"]
)
def test_what_is_not_valid_is_refused(admin, path, query):
    answer = admin.get(path, query_string={**({"q": "x"} if "search" in path else {}), **query})
    refused(answer, 422, "validation_failed", *query)
    assert blamed(answer) == set(query)


def test_a_q_without_letters_is_refused(admin):
    refused(admin.get("/appointments/search?q=..."), 422, "validation_failed", "q")
    refused(admin.get("/appointments/search"), 422, "validation_failed", "q")
    refused(admin.get("/appointments?when=past"), 422, "validation_failed", "when")


@pytest.fixture
def own(app, noon):
    """Give somebody who is a doctor and a patient of themselves, and their appointments by name."""
    user = make_user(app, "patient", "doctor")
    doctor, patient = make_doctor(app, user_id=user.id), make_patient(app, user_id=user.id)

    def visit(**fields: Any) -> str:
        starts_at = noon + timedelta(**fields.pop("at"))
        return str(appointment(app, doctor.id, patient.id, starts_at, **fields))

    return signed_in(app, user=user), {
        "last week": visit(at={"days": -7}, status=Status.COMPLETED),
        "yesterday": visit(at={"days": -1}),
        "this morning": visit(at={"hours": -3}, status=Status.COMPLETED),
        "now": visit(at={"minutes": -10}, status=Status.IN_PROGRESS),
        "done early": visit(at={"minutes": -5}, status=Status.COMPLETED),
        "tonight": visit(at={"hours": 6}),
        "cancelled": visit(at={"days": 1}, status=Status.CANCELLED, cancelled_at=noon),
        "next week": visit(at={"days": 7}, status=Status.CONFIRMED),
    }


@pytest.mark.parametrize("path", ["/appointments/me", "/appointments/doctor/me"])
def test_when_upcoming_past_or_today(own, path):
    someone, made = own
    names = {one: name for name, one in made.items()}

    def found(**query: str) -> list[str]:
        return [names[one] for one in ids(someone.get(path, query_string=query))]

    assert found() == list(made)
    assert found(when="upcoming") == ["now", "tonight", "next week"]
    assert found(when="past") == ["done early", "this morning", "yesterday", "last week"]
    assert found(when="past", sort="starts_at") == ["last week", "yesterday", "this morning", "done early"]
    assert found(when="today") == ["this morning", "now", "done early", "tonight"]
    assert found(when="upcoming", status="cancelled") == ["cancelled"]
    assert found(when="past", status="completed") == ["done early", "this morning", "last week"]


def test_whoever_has_no_chart_or_calendar_has_no_appointments(app, own):
    for role in ("admin", "cashier", "patient", "doctor"):
        someone = signed_in(app, role)
        assert ids(someone.get("/appointments/me")) == []
        assert ids(someone.get("/appointments/doctor/me")) == []


def test_a_doctors_own_list_has_nobody_elses(app, noon):
    ada, doctor = signed_in_doctor(app)
    patient = make_patient(app)
    mine = appointment(app, doctor.id, patient.id, noon)
    appointment(app, make_doctor(app).id, patient.id, noon)
    assert ids(ada.get("/appointments/doctor/me")) == [str(mine)]


def test_the_history_of_an_appointment(app, admin, noon):
    made = appointment(app, make_doctor(app).id, make_patient(app).id, noon)
    add_events(app, made, 2)
    answer = admin.get(f"/appointments/{made}/history")
    first, second, third = answer.json["data"]
    assert first == {
        "id": first["id"],
        "at": "2026-03-02T12:00:00Z",
        "actor": None,
        "from_status": None,
        "to_status": "scheduled",
        "from_starts_at": None,
        "to_starts_at": "2026-03-02T12:00:00Z",
        "from_doctor_id": None,
        "to_doctor_id": None,
        "changed": [],
        "reason": None,
    }
    assert ids(admin.get(f"/appointments/{made}/history?sort=-at")) == [third["id"], second["id"], first["id"]]
    assert "reason" not in signed_in(app, "cashier").get(f"/appointments/{made}/history").json["data"][0]


def test_a_merged_patients_old_id_finds_the_appointments(app, admin, noon):
    kept, other = make_patient(app), make_patient(app)
    made = appointment(app, make_doctor(app).id, other.id, noon)
    assert admin.post(f"/patients/{kept.id}/merge", json={"duplicate_id": str(other.id)}).status_code == 200
    for one in (kept, other):
        assert ids(admin.get(f"/appointments?patient_id={one.id}")) == [str(made)]

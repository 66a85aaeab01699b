"""Reading vital signs: sets, series, filters, who sees what."""

import uuid

import pytest

from server.core.db import db
from server.core.uow import command
from server.modules.vitals.enums import Kind
from server.modules.vitals.queries.series import latest_of
from server.modules.vitals.service.imports import void_imported_vitals
from tests.factories.charts import NEW_YEAR, make_visit
from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import ids, refused
from tests.vitals.support import amend, measured, of_patient, of_visit, one, take


@pytest.fixture
def week(ward):
    """Give three sets on three days, taken in another order."""
    days = ("2026-01-07", "2026-01-05", "2026-01-06")
    return {
        day: take(ward.nurse, ward.visit_id, at=f"{day}T10:00:00Z", heart_rate=60 + int(day[-1]), pain=1)
        for day in days
    }


def test_sets_come_newest_first(ward, week):
    wanted = [week[day]["id"] for day in sorted(week, reverse=True)]
    for where in (of_patient(ward.patient), of_visit(ward.visit_id)):
        assert ids(ward.doctor.get(where)) == wanted
        assert ids(ward.doctor.get(where, query_string={"sort": "measured_at"})) == wanted[::-1]


def test_a_series_comes_oldest_first_with_what_a_chart_needs(ward, week):
    answer = ward.doctor.get(of_patient(ward.patient), query_string={"kind": "heart_rate"})
    points = answer.json["data"]
    assert [(point["at"][:10], point["value"], point["unit"], point["flag"]) for point in points] == [
        (day, 60 + int(day[-1]), "/min", "normal") for day in sorted(week)
    ]
    assert [point["vital_id"] for point in points] == [week[day]["id"] for day in sorted(week)]
    assert answer.json["meta"]["total"] == 3


def test_filters(app, ward, week):
    other = make_visit(app, ward.patient.id, started_at=NEW_YEAR)
    elsewhere = take(ward.nurse, other, at="2026-01-06T12:00:00Z", heart_rate=99)
    where = of_patient(ward.patient)

    def found(**query):
        return set(ids(ward.doctor.get(where, query_string=query)))

    of_week = {entry["id"] for entry in week.values()}
    assert found() == of_week | {elsewhere["id"]}
    assert found(visit_id=str(other)) == {elsewhere["id"]}
    assert found(doctor_id=str(ward.profile.id)) == of_week
    assert found(patient_id=str(ward.patient.id)) == of_week | {elsewhere["id"]}
    assert found(patient_id=str(make_patient(app).id)) == set()
    assert found(status="final") == of_week | {elsewhere["id"]}
    assert found(status="entered_in_error") == set()
    assert found(**{"from": "2026-01-06"}) == {week["2026-01-06"]["id"], week["2026-01-07"]["id"], elsewhere["id"]}
    assert found(**{"from": "2026-01-06", "to": "2026-01-06"}) == {week["2026-01-06"]["id"], elsewhere["id"]}
    assert found(to="2026-01-06T10:00:00Z") == {week["2026-01-05"]["id"]}

    def values(**query):
        answer = ward.doctor.get(where, query_string={"kind": "heart_rate", **query})
        return [point["value"] for point in answer.json["data"]]

    assert values() == [65, 66, 99, 67]
    assert values(visit_id=str(other)) == [99]
    assert values(doctor_id=str(ward.profile.id)) == [65, 66, 67]
    assert values(**{"from": "2026-01-06", "to": "2026-01-06"}) == [66, 99]
    for query in ({"kind": "mood"}, {"status": "gone"}, {"from": "2026-01-07", "to": "2026-01-05"}, {"doctor_id": "x"}):
        answer = ward.doctor.get(where, query_string=query)
        assert answer.status_code == 422, answer.text


def test_the_last_value_of_each_kind(app, ward, week):
    amend(ward.nurse, week["2026-01-07"], heart_rate=81)
    take(ward.nurse, ward.visit_id, at="2026-01-04T10:00:00Z", spo2=97)
    with app.app_context(), db.engine.connect() as connection:
        latest = latest_of(connection, ward.patient.id)
    assert [(one["kind"], one["value"], one["at"].isoformat()[:10]) for one in latest] == [
        ("heart_rate", 81, "2026-01-07"),
        ("spo2", 97, "2026-01-04"),
        ("pain", 1, "2026-01-07"),
    ]


def test_a_patient_reads_their_own_and_nothing_else(app, ward):
    user = make_user(app, "patient")
    patient, other = make_patient(app, user_id=user.id), signed_in(app, "patient")
    relate(app, patient.id, ward.nurse.user.id)
    kept, error = (take(ward.nurse, make_visit(app, patient.id), pain=number) for number in (1, 2))
    assert ward.nurse.delete(f"{one(error)}?reason=typo", headers={"If-Match": '"1"'}).status_code == 204
    someone = signed_in(app, user=user)
    assert ids(someone.get(of_patient(patient))) == [kept["id"]]
    assert someone.get(one(kept)).json["data"]["id"] == kept["id"]
    # What was entered in error may be somebody else's.
    refused(someone.get(one(error)), 404, "not_found")
    assert ids(someone.get(of_patient(patient), query_string={"status": "entered_in_error"})) == []
    assert ids(ward.nurse.get(of_patient(patient), query_string={"status": "entered_in_error"})) == [error["id"]]
    for where in (of_patient(patient), one(kept)):
        refused(other.get(where), 404, "not_found")
    refused(someone.post(of_visit(ward.visit_id), json={"measurements": measured(pain=1)}), 403, "forbidden")


@pytest.mark.parametrize("role", ["doctor", "nurse", "technician"])
def test_who_cares_reads_and_takes_others_do_not(app, ward, role):
    made = take(ward.nurse, ward.visit_id, pain=1)
    someone = signed_in(app, role)
    for where in (of_patient(ward.patient), of_visit(ward.visit_id), one(made)):
        refused(someone.get(where), 404, "not_found")
    refused(someone.post(of_visit(ward.visit_id), json={"measurements": measured(pain=1)}), 404, "not_found")
    relate(app, ward.patient.id, someone.user.id)
    assert ids(someone.get(of_patient(ward.patient))) == [made["id"]]
    assert take(someone, ward.visit_id, pain=2)["recorded_by"] == str(someone.user.id)


@pytest.mark.parametrize("role", ["receptionist", "pharmacist", "cashier"])
def test_the_desk_and_the_pharmacy_read_none(as_role, ward, role):
    made = take(ward.nurse, ward.visit_id, pain=1)
    for where in (of_patient(ward.patient), of_visit(ward.visit_id), one(made)):
        refused(as_role(role).get(where), 403, "forbidden")


def test_on_ones_own_chart_one_is_a_patient(app):
    user = make_user(app, "nurse")
    patient = make_patient(app, user_id=user.id)
    relate(app, patient.id, user.id)
    visit = make_visit(app, patient.id)
    refused(signed_in(app, user=user).post(of_visit(visit), json={"measurements": measured(pain=1)}), 403, "own_record")


def test_a_value_that_was_an_error_leaves_the_set_in_which_others_stand(app, ward):
    user = make_user(app, "patient")
    patient = make_patient(app, user_id=user.id)
    relate(app, patient.id, ward.nurse.user.id)
    visit = make_visit(app, patient.id)
    made = amend(ward.nurse, take(ward.nurse, visit, heart_rate=72, pain=3, spo2=97), spo2=98)
    # As where the system that it came from takes a value back.
    with app.app_context(), command("tests.void", "vital_set"):
        void_imported_vitals(uuid.UUID(made["id"]), {"values": {Kind.HEART_RATE: None}})
    someone, standing = signed_in(app, user=user), [("spo2", 98, "final"), ("pain", 3, "final")]

    def values(answer):
        data = answer.json["data"]
        rows = (data if isinstance(data, dict) else data[0])["measurements"]
        return [(row["kind"], row["value"], row["status"]) for row in rows]

    for reader in (someone, ward.nurse):
        for where in (of_patient(patient), of_visit(visit)):
            assert values(reader.get(where)) == standing
    assert values(someone.get(one(made))) == standing
    former = {("heart_rate", 72, "entered_in_error"), ("spo2", 97, "superseded")}
    assert set(values(ward.nurse.get(one(made)))) == {*standing, *former}
    exported = someone.get(f"/patients/{patient.id}/export").json["vital_measurements"]
    assert {row["kind"] for row in exported} == {"spo2", "pain"}
    version = ward.nurse.get(one(made)).json["data"]["version"]
    answer = ward.nurse.delete(f"{one(made)}?reason=typo", headers={"If-Match": f'"{version}"'})
    assert answer.status_code == 204, answer.text
    (listed,) = ward.nurse.get(of_patient(patient), query_string={"status": "entered_in_error"}).json["data"]
    assert {row["kind"] for row in listed["measurements"]} == {"heart_rate", "spo2", "pain"}

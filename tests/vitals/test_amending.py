"""Amending and entering in error: nothing is overwritten, nothing is removed."""

import pytest

from tests.factories.charts import make_visit, set_visit
from tests.factories.database import query
from tests.factories.people import make_patient, make_user, named, relate, signed_in
from tests.patients.support import ids, refused
from tests.patients.test_races import at_once
from tests.vitals.support import amend, measured, of_patient, of_visit, one, shown, take, value


def test_the_old_value_stays_as_superseded(ward):
    made = take(ward.nurse, ward.visit_id, heart_rate=72, pain=3)
    amended = amend(ward.doctor, made, heart_rate=78)
    assert (amended["version"], shown(amended)) == (2, {"heart_rate": 78, "pain": 3})
    old = value(amended, "heart_rate", "superseded")
    assert (old["value"], old["superseded"]["reason"]) == (72, "misread")
    assert old["superseded"]["by"] == named(ward.doctor)
    assert old["superseded"]["at"]
    assert (old["recorded_by"], old["author"]) == (str(ward.nurse.user.id), named(ward.nurse))
    assert value(amended, "heart_rate")["recorded_by"] == str(ward.doctor.user.id)
    assert value(amended, "heart_rate")["author"] == named(ward.doctor)
    assert amended["author"] == named(ward.nurse)
    assert value(amended, "heart_rate")["superseded"] is None
    assert ward.nurse.get(one(made)).json["data"] == amended


def test_lists_and_series_show_what_stands(ward):
    made = take(ward.nurse, ward.visit_id, heart_rate=72)
    amend(ward.nurse, made, heart_rate=78)
    for where in (of_visit(ward.visit_id), of_patient(ward.patient)):
        (listed,) = ward.nurse.get(where).json["data"]
        assert [(row["value"], row["status"]) for row in listed["measurements"]] == [(78, "final")]
    series = ward.nurse.get(of_patient(ward.patient), query_string={"kind": "heart_rate"}).json["data"]
    assert [point["value"] for point in series] == [78]
    old = {"kind": "heart_rate", "status": "superseded"}
    assert [point["value"] for point in ward.nurse.get(of_patient(ward.patient), query_string=old).json["data"]] == [72]


def test_sets_with_superseded_values_are_found_with_these(app, ward):
    user = make_user(app, "patient")
    patient = make_patient(app, user_id=user.id)
    relate(app, patient.id, ward.nurse.user.id)
    visit_id = make_visit(app, patient.id)
    made, struck, _ = (take(ward.nurse, visit_id, heart_rate=number) for number in (72, 73, 74))
    amended = amend(ward.nurse, made, heart_rate=78)
    error = amend(ward.nurse, struck, heart_rate=79)
    tag = {"If-Match": f'"{error["version"]}"'}
    assert ward.nurse.delete(f"{one(error)}?reason=typo", headers=tag).status_code == 204
    asked = {"query_string": {"status": "superseded"}}
    for where in (of_visit(visit_id), of_patient(patient)):
        assert ward.nurse.get(where, **asked).json["data"] == [amended]
    assert signed_in(app, user=user).get(of_patient(patient), **asked).json["data"] == []


def test_what_was_not_measured_is_added(ward):
    amended = amend(ward.nurse, take(ward.nurse, ward.visit_id, heart_rate=72), spo2=97)
    assert shown(amended) == {"heart_rate": 72, "spo2": 97}


def test_the_bmi_follows(ward):
    made = take(ward.nurse, ward.visit_id, weight=70)
    assert shown(made) == {"weight": 70}
    whole = amend(ward.nurse, made, height=175)
    assert shown(whole) == {"weight": 70, "height": 175, "bmi": 22.9}
    heavier = amend(ward.nurse, whole, weight=90)
    assert shown(heavier) == {"weight": 90, "height": 175, "bmi": 29.4}
    assert value(heavier, "bmi")["flag"] == "high"
    old = value(heavier, "bmi", "superseded")
    assert (old["value"], old["superseded"]["reason"]) == (22.9, "misread")


def test_the_version_is_needed(ward):
    made = take(ward.nurse, ward.visit_id, heart_rate=72)
    body = {"measurements": measured(heart_rate=78), "reason": "misread"}
    refused(ward.nurse.post(one(made, "amend"), json=body), 428, "version_required")
    refused(ward.nurse.post(one(made, "amend"), json={**body, "version": 7}), 412, "stale_version")
    assert ward.nurse.post(one(made, "amend"), json=body, headers={"If-Match": '"1"'}).status_code == 200
    refused(ward.nurse.post(one(made, "amend"), json={**body, "version": 1}), 412, "stale_version")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"heart_rate": 400}, "measurements.0.value"),
        ({"bmi": (20, "kg/m2")}, "measurements.0.kind"),
        ({"diastolic": 121}, "measurements.0.value"),
        ({"systolic": 80}, "measurements.0.value"),
        ({"systolic": 120}, "measurements"),
    ],
)
def test_an_amendment_is_held_to_the_same_rules(ward, values, field):
    made = take(ward.nurse, ward.visit_id, systolic=120, diastolic=80)
    body = {"measurements": measured(**values), "reason": "misread", "version": 1}
    refused(ward.nurse.post(one(made, "amend"), json=body), 422, "validation_failed", field)
    assert ward.nurse.get(one(made)).json["data"] == made


def test_an_amendment_has_a_reason(ward):
    made = take(ward.nurse, ward.visit_id, pain=1)
    for reason in ({}, {"reason": ""}, {"reason": "  "}, {"reason": None}):
        body = {"measurements": measured(pain=2), "version": 1, **reason}
        refused(ward.nurse.post(one(made, "amend"), json=body), 422, "validation_failed", "reason")


def test_a_closed_visit_is_not_amended_but_may_be_an_error(app, ward):
    made = take(ward.nurse, ward.visit_id, pain=1)
    set_visit(app, ward.visit_id, status="completed")
    body = {"measurements": measured(pain=2), "reason": "misread", "version": 1}
    refused(ward.nurse.post(one(made, "amend"), json=body), 409, "visit_closed")
    assert ward.nurse.delete(f"{one(made)}?reason=typo", headers={"If-Match": '"1"'}).status_code == 204


def test_entered_in_error_leaves_everything_but_its_own_address(app, ward):
    kept = take(ward.nurse, ward.visit_id, pain=1)
    made = amend(ward.nurse, take(ward.nurse, ward.visit_id, heart_rate=72, weight=70), heart_rate=78)
    version = {"If-Match": f'"{made["version"]}"'}
    refused(ward.nurse.delete(one(made), headers=version), 422, "validation_failed", "reason")
    refused(ward.nurse.delete(f"{one(made)}?reason=typo"), 428, "version_required")
    refused(ward.nurse.delete(f"{one(made)}?reason=typo", headers={"If-Match": '"1"'}), 412, "stale_version")
    refused(ward.doctor.delete(f"{one(made)}?reason=typo", headers=version), 404, "not_found")
    for headers in (version, {"If-Match": '"9"'}, {}):
        sent = {"headers": headers} if headers else {}
        assert ward.nurse.delete(f"{one(made)}?reason=typo", **sent).status_code == 204
    assert ids(ward.nurse.get(of_visit(ward.visit_id))) == [kept["id"]]
    assert ids(ward.nurse.get(of_patient(ward.patient))) == [kept["id"]]
    assert ids(ward.nurse.get(of_patient(ward.patient), query_string={"kind": "heart_rate"})) == []
    assert ids(ward.nurse.get(of_patient(ward.patient), query_string={"status": "entered_in_error"})) == [made["id"]]
    stands = ward.doctor.get(one(made)).json["data"]
    assert (stands["status"], stands["voided"]["reason"]) == ("entered_in_error", "typo")
    assert {row["status"] for row in stands["measurements"]} == {"entered_in_error", "superseded"}
    assert [row["kind"] for row in ward.doctor.get(f"/patients/{ward.patient.id}/summary").json["data"]["vitals"]] == [
        "pain"
    ]
    kinds = [
        (one["kind"], one["object_id"]) for one in ward.doctor.get(f"/patients/{ward.patient.id}/timeline").json["data"]
    ]
    assert [object_id for kind, object_id in kinds if kind == "vitals"] == [kept["id"]]
    body = {"measurements": measured(pain=2), "reason": "misread", "version": stands["version"]}
    refused(ward.nurse.post(one(made, "amend"), json=body), 409, "entered_in_error")
    assert len(query(app, "SELECT id FROM vital_measurements")) == 4


def test_an_admin_marks_what_others_took_through_glass(app, ward):
    made, admin = take(ward.nurse, ward.visit_id, pain=1), signed_in(app, "admin")
    where, version = f"{one(made)}?reason=wrong+chart", {"If-Match": '"1"'}
    refused(admin.delete(where, headers=version), 404, "not_found")
    admin.post(f"/patients/{ward.patient.id}/break-glass", json={"reason": "complaint"})
    assert admin.get(one(made)).status_code == 200
    assert admin.delete(where, headers=version).status_code == 204


def test_through_glass_one_adds_and_does_not_amend(app, ward):
    made, stranger = take(ward.nurse, ward.visit_id, pain=1), signed_in(app, "doctor")
    refused(stranger.get(one(made)), 404, "not_found")
    stranger.post(f"/patients/{ward.patient.id}/break-glass", json={"reason": "collapsed"})
    assert shown(take(stranger, ward.visit_id, pain=9)) == {"pain": 9}
    body = {"measurements": measured(pain=2), "reason": "misread", "version": 1}
    refused(stranger.post(one(made, "amend"), json=body), 403, "glass_reads_and_adds_only")


def test_of_many_amendments_of_one_version_one_stands(app, ward):
    made = take(ward.nurse, ward.visit_id, heart_rate=72)

    def act(number):
        body = {"measurements": measured(heart_rate=80 + number), "reason": "misread", "version": 1}
        client = app.test_client()
        where = f"/api/v1{one(made, 'amend')}"
        return client.post(where, json=body, headers=ward.nurse.tokens.headers).status_code

    assert sorted(at_once(5, act)) == [200, 412, 412, 412, 412]
    rows = query(app, "SELECT status FROM vital_measurements")
    assert sorted(row["status"] for row in rows) == ["final", "superseded"]

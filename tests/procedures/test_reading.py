"""Reading procedures: lists, filters, who sees what, timeline and summary."""

import pytest

from tests.factories.charts import make_visit
from tests.factories.people import make_patient, make_user, relate, signed_in
from tests.patients.support import ids, refused
from tests.procedures.support import one, order, perform


@pytest.fixture
def three(app, ward):
    """Give an order at the visit, one performed in January, and one of another patient."""
    other = make_patient(app)
    relate(app, other.id, ward.doctor.user.id)
    relate(app, other.id, ward.nurse.user.id)
    performed = order(ward.doctor, patient_id=ward.patient.id, name="Biopsy")
    return {
        "ordered": order(ward.doctor, visit_id=ward.visit_id),
        "performed": perform(ward.nurse, performed, performed_at="2026-01-05T10:00:00Z"),
        "other": order(ward.nurse, visit_id=make_visit(app, other.id)),
    }


def found(someone, **query):
    return set(ids(someone.get("/procedures", query_string=query)))


def test_filters(app, ward, three):
    named = {name: procedure["id"] for name, procedure in three.items()}
    assert found(ward.doctor) == set(named.values())
    assert found(ward.doctor, patient_id=str(ward.patient.id)) == {named["ordered"], named["performed"]}
    assert found(ward.doctor, visit_id=str(ward.visit_id)) == {named["ordered"]}
    assert found(ward.doctor, doctor_id=str(ward.profile.id)) == {named["ordered"], named["performed"]}
    assert found(ward.doctor, status="performed") == {named["performed"]}
    assert found(ward.doctor, status="entered_in_error") == set()
    january = {"from": "2026-01-05", "to": "2026-01-05"}
    assert found(ward.doctor, **january) == {named["performed"]}
    assert found(ward.doctor, to="2026-01-05T10:00:00Z") == set()
    assert found(signed_in(app, "doctor")) == set()
    for query in ({"status": "gone"}, {"from": "2026-01-07", "to": "2026-01-05"}, {"visit_id": "x"}, {"sort": "name"}):
        answer = ward.doctor.get("/procedures", query_string=query)
        assert answer.status_code == 422, answer.text


def test_order_of_the_list(ward, three):
    orders = [three[name]["id"] for name in ("other", "ordered", "performed")]
    assert ids(ward.doctor.get("/procedures")) == orders
    by_time = ids(ward.doctor.get("/procedures", query_string={"sort": "performed_at"}))
    assert by_time == [three[name]["id"] for name in ("performed", "ordered", "other")]


def test_a_patient_sees_their_own(app, ward):
    user = make_user(app, "patient")
    patient, other = make_patient(app, user_id=user.id), signed_in(app, "patient")
    relate(app, patient.id, ward.nurse.user.id)
    kept, error = (order(ward.nurse, patient_id=patient.id) for _ in range(2))
    assert ward.nurse.delete(f"{one(error)}?reason=typo", headers={"If-Match": '"1"'}).status_code == 204
    someone = signed_in(app, user=user)
    assert found(someone) == {kept["id"]}
    assert found(someone, status="entered_in_error") == set()
    assert found(ward.nurse, status="entered_in_error") == {error["id"]}
    assert someone.get(one(kept)).json["data"]["id"] == kept["id"]
    refused(someone.get(one(error)), 404, "not_found")
    refused(other.get(one(kept)), 404, "not_found")
    assert found(other) == set()
    assert found(other, patient_id=str(patient.id)) == set()


@pytest.mark.parametrize("role", ["technician", "receptionist", "pharmacist", "cashier"])
def test_who_does_not_read(as_role, three, role):
    someone = as_role(role)
    refused(someone.get("/procedures"), 403, "forbidden")
    refused(someone.get(one(three["ordered"])), 403, "forbidden")


def test_an_admin_reads_through_glass(app, ward, three):
    admin = signed_in(app, "admin")
    whose = str(ward.patient.id)
    assert found(admin, patient_id=whose) == set()
    refused(admin.get(one(three["ordered"])), 404, "not_found")
    admin.post(f"/patients/{whose}/break-glass", json={"reason": "complaint"})
    assert found(admin, patient_id=whose) == {three["ordered"]["id"], three["performed"]["id"]}
    assert admin.get(one(three["ordered"])).status_code == 200


def test_on_ones_own_chart_one_is_a_patient(app):
    user = make_user(app, "doctor")
    patient = make_patient(app, user_id=user.id)
    relate(app, patient.id, user.id)
    body = {"patient_id": str(patient.id), "name": "ECG"}
    refused(signed_in(app, user=user).post("/procedures", json=body), 403, "own_record")


def test_timeline_and_summary(ward, three):
    events = ward.doctor.get(f"/patients/{ward.patient.id}/timeline").json["data"]
    told = {(one["kind"], one["object_id"], one["title"]) for one in events if one["object_type"] == "procedure"}
    assert told == {
        ("procedure_ordered", three["ordered"]["id"], "ECG"),
        ("procedure", three["performed"]["id"], "Biopsy"),
    }
    summary = ward.doctor.get(f"/patients/{ward.patient.id}/summary").json["data"]
    assert [procedure["id"] for procedure in summary["open_procedures"]] == [three["ordered"]["id"]]


def test_a_cancelled_one_leaves_the_timeline(ward, three):
    assert ward.doctor.post(one(three["ordered"], "cancel"), json={"reason": "declined"}).status_code == 200
    events = ward.doctor.get(f"/patients/{ward.patient.id}/timeline").json["data"]
    assert [one["object_id"] for one in events if one["object_type"] == "procedure"] == [three["performed"]["id"]]

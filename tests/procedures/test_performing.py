"""Performing procedures, once; their charge; what is added; entered in error."""

from datetime import date, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from server.core import clock as clocks
from tests.factories.calendar import written
from tests.factories.charts import set_visit
from tests.factories.database import query
from tests.factories.people import make_patient, relate, signed_in
from tests.patients.support import ids, refused
from tests.patients.test_races import at_once, send
from tests.procedures.support import WENT, charges, make_service, one, order, perform


def test_how_it_went_is_kept(ward):
    made = order(ward.doctor, visit_id=ward.visit_id)
    done = perform(ward.nurse, made, performed_at="2026-01-05T10:00:00+01:00", **WENT)
    user = ward.nurse.user
    by = {"id": str(user.id), "name": f"{user.first_name} {user.last_name}"}
    assert done["performed"] == {"at": "2026-01-05T09:00:00Z", "by": by, **WENT}
    assert (done["status"], done["version"], done["charge_id"]) == ("performed", 2, None)


def test_without_a_word_it_was_performed_now(clock, ward):
    clock.shift(1)
    done = perform(ward.nurse, order(ward.nurse, visit_id=ward.visit_id))
    assert done["performed"]["at"] == written(clocks.now())
    answer = ward.nurse.post(one(order(ward.nurse, patient_id=ward.patient.id), "perform"))
    assert answer.status_code == 200, answer.text


def test_once_and_then_never_changed(ward):
    done = perform(ward.nurse, order(ward.doctor, visit_id=ward.visit_id))
    refused(ward.nurse.post(one(done, "perform"), json={}), 409, "already_performed")
    refused(ward.nurse.post(one(done, "cancel"), json={"reason": "late"}), 409, "already_performed")
    refused(ward.doctor.patch(one(done), json={"name": "x", "version": 2}), 409, "already_performed")
    refused(ward.doctor.put(one(done), json={"name": "x", "version": 2}), 409, "already_performed")
    assert ward.doctor.get(one(done)).json["data"] == done


def test_the_time_lies_in_the_life_of_the_patient(app, clock):
    patient, nurse = make_patient(app, date_of_birth=date(2020, 5, 17)), signed_in(app, "nurse")
    relate(app, patient.id, nurse.user.id)
    now = clocks.now()
    # The clinic of tests is in Berlin: the day of birth begins two hours before midnight in UTC.
    for at in (written(now), "2020-05-16T22:00:00Z"):
        assert perform(nurse, order(nurse, patient_id=patient.id), performed_at=at)["performed"]["at"] == at
    made = order(nurse, patient_id=patient.id)
    for at in (written(now + timedelta(seconds=1)), "2020-05-16T21:59:59Z"):
        refused(nurse.post(one(made, "perform"), json={"performed_at": at}), 422, "validation_failed", "performed_at")


def test_what_was_ordered_at_a_visit_was_not_performed_before_its_day(ward):
    made = order(ward.doctor, visit_id=ward.visit_id)
    body = {"performed_at": "2025-12-31T22:59:59Z"}
    refused(ward.nurse.post(one(made, "perform"), json=body), 422, "validation_failed", "performed_at")
    # The visit began on New Year's day, which in Berlin begins an hour before midnight in UTC.
    assert perform(ward.nurse, made, performed_at="2025-12-31T23:00:00Z")["performed"]["at"] == "2025-12-31T23:00:00Z"
    elsewhere = order(ward.doctor, patient_id=ward.patient.id)
    assert perform(ward.nurse, elsewhere, **body)["performed"]["at"] == body["performed_at"]


def test_a_service_is_charged_by_the_fee_schedule(app, ward):
    service = make_service(app)
    made = order(ward.doctor, visit_id=ward.visit_id, service_id=service, name="Wart removal")
    assert charges(app) == []
    done = perform(ward.nurse, made, performed_at="2026-01-05T23:30:00Z")
    (charge,) = charges(app)
    assert (charge["amount"], charge["tax_rate"], charge["description"]) == (12_050, 700, "Wart removal")
    assert (charge["status"], charge["source_type"]) == ("open", "procedure")
    # Half past midnight in Berlin, where the clinic of tests is.
    assert str(charge["service_on"]) == "2026-01-06"
    assert done["charge_id"]
    assert ward.doctor.get(one(done)).json["data"]["charge_id"] == done["charge_id"]
    for free in (order(ward.doctor, patient_id=ward.patient.id), _free(app, ward)):
        assert perform(ward.doctor, free)["charge_id"] is None
    assert len(charges(app)) == 1


def _free(app, ward):
    service = make_service(app, code="P-0", price=0)
    return order(ward.doctor, patient_id=ward.patient.id, service_id=service)


def test_a_service_that_was_taken_off_since_is_charged_all_the_same(app, ward):
    service = make_service(app)
    made = order(ward.doctor, patient_id=ward.patient.id, service_id=service)
    query(app, "UPDATE services SET is_active = :no", no=False)
    assert perform(ward.doctor, made)["charge_id"]
    assert [charge["amount"] for charge in charges(app)] == [12_050]


def test_of_ten_who_perform_at_once_one_does_and_one_charge_is_raised(app, live_server, ward):
    made = order(ward.doctor, visit_id=ward.visit_id, service_id=make_service(app))
    answers = at_once(10, lambda _number: send(live_server, ward.nurse, "POST", one(made, "perform"), {}))
    assert sorted(status for status, _ in answers) == [200, *[409] * 9]
    assert {body["code"] for status, (body, _) in answers if status == 409} == {"already_performed"}
    assert len(charges(app)) == 1


def test_a_key_performs_once_and_answers_twice(app, ward):
    made = order(ward.doctor, patient_id=ward.patient.id, service_id=make_service(app))
    sent = {"json": {"outcome": "well"}, "headers": {"Idempotency-Key": "once"}}
    first, again = (ward.nurse.post(one(made, "perform"), **sent) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json["data"] == again.json["data"]
    assert len(charges(app)) == 1


def test_addenda_show_with_it_also_after_closing(app, ward):
    done = perform(ward.nurse, order(ward.doctor, visit_id=ward.visit_id))
    first = ward.nurse.post(one(done, "addenda"), json={"text": "Stitch out <7 days"})
    assert first.status_code == 201, first.text
    assert first.headers["Location"] == f"/api/v1{one(done)}"
    set_visit(app, ward.visit_id, status="completed")
    whole = ward.doctor.post(one(done, "addenda"), json={"text": "Seen & well"}).json["data"]
    assert [(added["text"], added["by"]["id"]) for added in whole["addenda"]] == [
        ("Stitch out <7 days", str(ward.nurse.user.id)),
        ("Seen & well", str(ward.doctor.user.id)),
    ]
    assert all(added["at"] for added in whole["addenda"])
    assert whole["performed"] == done["performed"]
    listed = ward.doctor.get("/procedures", query_string={"patient_id": str(ward.patient.id)}).json["data"]
    assert [len(procedure["addenda"]) for procedure in listed] == [2]
    refused(ward.doctor.post(one(done, "addenda"), json={"text": ""}), 422, "validation_failed", "text")


def test_what_was_not_performed_is_not_added_to(ward):
    made = order(ward.doctor, visit_id=ward.visit_id)
    refused(ward.doctor.post(one(made, "addenda"), json={"text": "x"}), 409, "not_performed")


@pytest.mark.parametrize("statement", ["UPDATE procedure_addenda SET text = 'x'", "DELETE FROM procedure_addenda"])
def test_what_was_added_is_not_changed_by_sql_either(app, ward, statement):
    done = perform(ward.nurse, order(ward.doctor, patient_id=ward.patient.id))
    ward.nurse.post(one(done, "addenda"), json={"text": "as it was"})
    with pytest.raises(DBAPIError, match="never changed"):
        query(app, statement)
    assert [row["text"] for row in query(app, "SELECT text FROM procedure_addenda")] == ["as it was"]


def test_entered_in_error_takes_the_open_charge_back(app, ward):
    kept = order(ward.doctor, visit_id=ward.visit_id)
    done = perform(ward.nurse, order(ward.doctor, visit_id=ward.visit_id, service_id=make_service(app)))
    where, version = f"{one(done)}?reason=wrong+patient", {"If-Match": '"2"'}
    refused(ward.nurse.delete(one(done), headers=version), 422, "validation_failed", "reason")
    refused(ward.nurse.delete(where), 428, "version_required")
    # It was performed by the nurse, so it is not the doctor's to take back.
    refused(ward.doctor.delete(where, headers=version), 404, "not_found")
    set_visit(app, ward.visit_id, status="completed")
    for _ in range(2):
        assert ward.nurse.delete(where, headers=version).status_code == 204
    assert [charge["status"] for charge in charges(app)] == ["void"]
    stands = ward.doctor.get(one(done)).json["data"]
    assert (stands["status"], stands["charge_id"]) == ("entered_in_error", None)
    assert stands["voided"]["reason"] == "wrong patient"
    whose = {"patient_id": str(ward.patient.id)}
    assert ids(ward.doctor.get("/procedures", query_string=whose)) == [kept["id"]]
    errors = {**whose, "status": "entered_in_error"}
    assert ids(ward.doctor.get("/procedures", query_string=errors)) == [done["id"]]
    events = ward.doctor.get(f"/patients/{ward.patient.id}/timeline").json["data"]
    shown = {event["object_id"] for event in events if event["object_type"] == "procedure"}
    assert shown == {kept["id"]}
    refused(ward.nurse.post(one(done, "addenda"), json={"text": "x"}), 409, "entered_in_error")


def test_a_charge_on_an_invoice_stays(app, ward):
    done = perform(ward.nurse, order(ward.doctor, patient_id=ward.patient.id, service_id=make_service(app)))
    query(app, "UPDATE charges SET status = 'invoiced'")
    assert ward.nurse.delete(f"{one(done)}?reason=typo", headers={"If-Match": '"2"'}).status_code == 204
    assert [charge["status"] for charge in charges(app)] == ["invoiced"]
    assert ward.nurse.get(one(done)).json["data"]["charge_id"] == done["charge_id"]
    (row,) = query(app, "SELECT note FROM audit_logs WHERE action = 'procedures.void' AND outcome = 'success'")
    assert row["note"] == "charge_stays"


def test_an_order_is_its_authors_to_take_back(ward):
    made = order(ward.doctor, visit_id=ward.visit_id)
    refused(ward.nurse.delete(f"{one(made)}?reason=typo", headers={"If-Match": '"1"'}), 404, "not_found")
    assert ward.doctor.delete(f"{one(made)}?reason=typo", headers={"If-Match": '"1"'}).status_code == 204
    refused(ward.doctor.post(one(made, "perform"), json={}), 409, "entered_in_error")


def test_through_glass_one_orders_and_adds_and_does_not_perform(app, ward):
    made = order(ward.doctor, visit_id=ward.visit_id)
    done = perform(ward.doctor, order(ward.doctor, patient_id=ward.patient.id))
    stranger = signed_in(app, "doctor")
    refused(stranger.get(one(made)), 404, "not_found")
    stranger.post(f"/patients/{ward.patient.id}/break-glass", json={"reason": "collapsed"})
    assert order(stranger, patient_id=ward.patient.id)["recorded_by"] == str(stranger.user.id)
    assert stranger.post(one(done, "addenda"), json={"text": "x"}).status_code == 201
    refused(stranger.post(one(made, "perform"), json={}), 403, "glass_reads_and_adds_only")
    refused(stranger.patch(one(made), json={"name": "x", "version": 1}), 403, "glass_reads_and_adds_only")

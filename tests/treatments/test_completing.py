"""Completing takes from stock and raises one charge, in one step or not at all."""

from tests.factories.charts import set_visit
from tests.factories.database import audit_rows
from tests.factories.people import named
from tests.factories.stock import ledger, make_item, receive, set_item, set_lot, shelf
from tests.inventory.support import reconciled
from tests.patients.support import path as patient_path, refused
from tests.patients.test_races import at_once, send
from tests.treatments.support import charges, path, used


def test_completing_takes_the_items_and_raises_the_charge(app, clock, scene, service):
    gauze, tape = make_item(app, stock=10), make_item(app, stock=4)
    made = scene.plan(service_id=service["id"], items_used=[used(gauze, 3), used(tape, 4)])
    clock.shift(90)
    answer = scene.nurse.post(path(made, "complete"))
    assert answer.status_code == 200, answer.text
    done = answer.json["data"]
    assert (done["status"], done["version"]) == ("completed", 2)
    assert done["completed_at"] == "2026-03-02T08:01:30Z"
    assert (done["completed_by"], done["performer"]) == (str(scene.nurse.user.id), named(scene.nurse))
    assert (done["author"], made["performer"]) == (named(scene.doctor), None)
    assert done["items_used"] == made["items_used"]
    (charge,) = charges(app)
    assert done["charge_id"] == str(charge["id"])
    assert (charge["amount"], charge["tax_rate"], charge["description"]) == (8000, 1900, "Ultrasound")
    assert (str(charge["source_id"]), charge["source_type"], charge["status"]) == (made["id"], "treatment", "open")
    assert (charge["patient_id"], charge["visit_id"]) == (scene.patient.id, scene.visit_id)
    assert (str(charge["service_id"]), charge["raised_by"]) == (service["id"], scene.nurse.user.id)
    assert charge["service_on"].isoformat() == "2026-03-02"
    assert (shelf(app, gauze).on_hand, shelf(app, tape).on_hand) == (7, 0)
    lines = [ledger(app, item)[-1] for item in (gauze, tape)]
    assert [(one["quantity_changed_by"], one["activity_type"]) for one in lines] == [(-3, "use"), (-4, "use")]
    assert {(one["document_type"], str(one["document_id"])) for one in lines} == {("treatment", made["id"])}
    assert {one["user_id"] for one in lines} == {scene.nurse.user.id}
    assert len({one["transaction_id"] for one in lines}) == 1
    assert reconciled(app).differences == []


def test_a_free_name_is_charged_what_was_said(app, scene):
    scene.completed(name="Ear wash", cost="7.05")
    assert [(one["amount"], one["tax_rate"], one["description"]) for one in charges(app)] == [(705, 0, "Ear wash")]


def test_what_is_free_is_not_charged(app, scene):
    assert scene.completed(name="Advice", cost="0.00")["charge_id"] is None
    assert charges(app) == []


def test_insufficient_stock_leaves_nothing(app, scene):
    plenty, short = make_item(app, stock=10), make_item(app, stock=1)
    made = scene.plan(items_used=[used(plenty, 3), used(short, 2)])
    answer = scene.doctor.post(path(made, "complete"))
    refused(answer, 409, "insufficient_stock")
    told = answer.json
    assert (told["item_id"], told["available"], told["requested"]) == (str(short), 1, 2)
    assert scene.shown(made) == made
    assert (shelf(app, plenty).on_hand, shelf(app, short).on_hand) == (10, 1)
    assert (len(ledger(app, plenty)), charges(app)) == (1, [])
    receive(app, short, 1)
    assert scene.doctor.post(path(made, "complete")).status_code == 200


def test_what_expires_first_is_used_and_nothing_that_is_blocked(app, scene):
    item = make_item(app)
    blocked, good = receive(app, item, 5, lot_number="A"), receive(app, item, 5, lot_number="B")
    set_lot(app, blocked, status="recalled")
    scene.completed(items_used=[used(item, 5)])
    assert shelf(app, item).lots == {blocked: 5, good: 0}
    refused(scene.doctor.post(path(scene.plan(items_used=[used(item)]), "complete")), 409, "insufficient_stock")


def test_an_item_that_went_out_of_use_meanwhile_is_named(app, scene):
    item = make_item(app, stock=5)
    made = scene.plan(items_used=[used(item)])
    set_item(app, item, is_active=False)
    refused(scene.doctor.post(path(made, "complete")), 422, "validation_failed", "items_used.0.item_id")
    assert scene.shown(made)["status"] == "planned"


def test_medication_is_used_by_the_right_to_treat(app, scene):
    item = make_item(app, kind="medication", stock=5)
    scene.completed(items_used=[used(item, 2)])
    assert shelf(app, item).on_hand == 3


def test_it_is_completed_once(app, scene):
    item = make_item(app, stock=5)
    done = scene.completed(items_used=[used(item, 2)])
    refused(scene.doctor.post(path(done, "complete")), 409, "invalid_transition")
    refused(scene.doctor.post(path(done, "cancel")), 409, "invalid_transition")
    assert (shelf(app, item).on_hand, len(charges(app))) == (3, 1)


def test_what_is_completed_does_not_change(scene):
    done = scene.completed()
    for version in ({}, {"version": 1}, {"version": 2}):
        refused(scene.doctor.patch(path(done), json={"notes": "x", **version}), 409, "treatment_closed")
    refused(scene.doctor.put(path(done), json=done), 409, "treatment_closed")
    assert scene.shown(done) == done


def test_it_is_cancelled_with_a_reason_or_without(app, scene):
    item = make_item(app, stock=5)
    made, begun = scene.plan(items_used=[used(item)]), scene.plan(status="in_progress")
    cancelled = scene.nurse.post(path(made, "cancel"), json={"reason": "Patient declined"}).json["data"]
    assert (cancelled["status"], cancelled["cancel_reason"]) == ("cancelled", "Patient declined")
    assert scene.doctor.post(path(begun, "cancel")).json["data"]["cancel_reason"] is None
    for verb in ("cancel", "complete"):
        refused(scene.doctor.post(path(made, verb)), 409, "invalid_transition")
    refused(scene.doctor.patch(path(made), json={"notes": "x", "version": 2}), 409, "treatment_closed")
    assert (shelf(app, item).on_hand, charges(app)) == (5, [])


def test_a_repeated_completion_with_a_key_is_answered_again(app, scene):
    made, key = scene.plan(), {"Idempotency-Key": "k1"}
    first = scene.doctor.post(path(made, "complete"), headers=key)
    again = scene.doctor.post(path(made, "complete"), headers=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(charges(app)) == 1


def test_it_is_on_record(app, scene):
    done = scene.completed(items_used=[used(make_item(app, stock=1))])
    planned, completed = (row for row in audit_rows(app) if row["object_type"] == "treatment")
    assert (planned["action"], completed["action"]) == ("treatments.plan", "treatments.complete")
    assert {str(row["object_id"]) for row in (planned, completed)} == {done["id"]}
    assert {row["patient_id"] for row in (planned, completed)} == {scene.patient.id}
    assert {"status", "stock"} <= set(completed["changed"])


def test_it_is_in_the_timeline_once_it_is_done(scene):
    planned, done = scene.plan(name="Later"), scene.completed(name="Ear wash")
    shown = scene.doctor.get(patient_path(scene.patient, "timeline")).json["data"]
    found = [one for one in shown if one["object_type"] == "treatment"]
    assert [(one["object_id"], one["title"]) for one in found] == [(done["id"], "Ear wash")]
    assert found[0]["doctor"] == {"id": str(scene.doctor_id), "name": scene.doctor_name}
    assert planned["id"] not in {one["object_id"] for one in shown}


# Entered in error


def void(someone, treatment, version, reason="Wrong patient"):
    where = path(treatment)
    return someone.delete(where, query_string={"reason": reason}, headers={"If-Match": f'"{version}"'})


def test_entered_in_error_takes_the_charge_back_and_leaves_the_stock(app, scene):
    item = make_item(app, stock=5)
    done, kept = scene.completed(items_used=[used(item, 2)]), scene.completed()
    assert void(scene.doctor, done, 2).status_code == 204
    shown = scene.shown(done)
    assert (shown["status"], shown["charge_id"]) == ("entered_in_error", None)
    assert shown["voided"]["reason"] == "Wrong patient"
    assert shown["voided"]["by"] == named(scene.doctor)
    assert [one["status"] for one in charges(app)] == ["void", "open"]
    assert shelf(app, item).on_hand == 3
    listed = scene.doctor.get("/treatments").json
    assert ([one["id"] for one in listed["data"]], listed["meta"]["total"]) == ([kept["id"]], 1)
    voided = scene.doctor.get("/treatments?status=entered_in_error").json["data"]
    assert [one["id"] for one in voided] == [done["id"]]
    timeline = scene.doctor.get(patient_path(scene.patient, "timeline")).json["data"]
    assert done["id"] not in {one["object_id"] for one in timeline}


def test_entered_in_error_needs_reason_and_version_and_may_be_repeated(scene):
    made = scene.plan()
    refused(scene.doctor.delete(path(made), headers={"If-Match": '"1"'}), 422, "validation_failed", "reason")
    refused(scene.doctor.delete(f"{path(made)}?reason=x"), 428, "version_required")
    refused(void(scene.doctor, made, 4), 412, "stale_version")
    assert void(scene.doctor, made, 1).status_code == 204
    assert void(scene.doctor, made, 1).status_code == 204
    refused(scene.doctor.post(path(made, "complete")), 409, "entered_in_error")
    refused(scene.doctor.post(path(made, "cancel")), 409, "entered_in_error")
    refused(scene.doctor.patch(path(made), json={"notes": "x", "version": 2}), 409, "entered_in_error")


def test_a_charge_on_an_invoice_stays_and_is_told(app, scene):
    from server.core.db import db
    from server.core.uow import command
    from server.modules.billing.models import Charge

    done = scene.completed()
    with app.app_context(), command("tests.invoice", "charge"):
        db.session.execute(Charge.__table__.update().values(status="invoiced"))
    assert void(scene.doctor, done, 2).status_code == 204
    assert audit_rows(app)[-1]["note"] == "charge_stays"
    assert scene.shown(done)["charge_id"] == done["charge_id"]
    assert [one["status"] for one in charges(app)] == ["invoiced"]


def test_what_somebody_else_completed_is_their_error(app, scene):
    made, kept = scene.plan(scene.nurse), scene.plan(scene.nurse)
    assert scene.doctor.post(path(made, "complete")).status_code == 200
    refused(void(scene.nurse, made, 2), 404, "not_found")
    assert [one["status"] for one in charges(app)] == ["open"]
    assert void(scene.doctor, made, 2).status_code == 204
    row = audit_rows(app)[-1]
    assert (row["action"], row["note"]) == ("treatments.void", "")
    assert [one["status"] for one in charges(app)] == ["void"]
    refused(void(scene.doctor, kept, 1), 404, "not_found")
    assert void(scene.nurse, kept, 1).status_code == 204


def test_only_who_wrote_it_says_that_it_was_an_error_also_after_the_visit(app, scene):
    done = scene.completed()
    scene.close()
    refused(void(scene.nurse, done, 2), 404, "not_found")
    assert void(scene.doctor, done, 2).status_code == 204


def test_a_patient_does_not_read_what_was_entered_in_error(scene):
    made, kept = scene.plan(), scene.plan()
    assert scene.somebody.get(path(made)).json["data"]["id"] == made["id"]
    void(scene.doctor, made, 1, reason="Belongs to Mr Other")
    refused(scene.somebody.get(path(made)), 404, "not_found")
    assert [one["id"] for one in scene.somebody.get("/treatments").json["data"]] == [kept["id"]]
    assert scene.somebody.get("/treatments?status=entered_in_error").json["data"] == []


# At once


def test_of_ten_who_complete_it_at_once_one_does(live_server, app, scene):
    gauze, tape = make_item(app, stock=50), make_item(app, stock=50)
    made = scene.plan(items_used=[used(gauze, 2), used(tape, 3)])
    people = [scene.doctor, scene.nurse]
    answers = at_once(10, lambda number: send(live_server, people[number % 2], "POST", path(made, "complete"), {}))
    assert sorted(status for status, _ in answers) == [200] + [409] * 9, answers
    assert {body["code"] for status, (body, _) in answers if status == 409} == {"invalid_transition"}
    assert len(charges(app)) == 1
    assert [one["quantity_changed_by"] for one in ledger(app, gauze)] == [50, -2]
    assert [one["quantity_changed_by"] for one in ledger(app, tape)] == [50, -3]
    assert reconciled(app).differences == []


def test_of_many_who_need_the_last_units_so_many_get_them_as_there_are(live_server, app, scene):
    item = make_item(app, stock=5)
    planned = [scene.plan(items_used=[used(item, 2)]) for _ in range(6)]
    answers = at_once(6, lambda number: send(live_server, scene.doctor, "POST", path(planned[number], "complete"), {}))
    assert sorted(status for status, _ in answers) == [200, 200, 409, 409, 409, 409], answers
    assert {body["code"] for status, (body, _) in answers if status == 409} == {"insufficient_stock"}
    assert (shelf(app, item).on_hand, len(charges(app))) == (1, 2)
    assert reconciled(app).differences == []


def test_beside_closing_the_visit_it_is_completed_before_or_not_at_all(live_server, app, scene):
    for _ in range(4):
        set_visit(app, scene.visit_id, status="open")
        made = scene.plan()
        closing = f"/visits/{scene.visit_id}/complete"
        paths = [path(made, "complete"), closing]
        answers = at_once(2, lambda number, paths=paths: send(live_server, scene.doctor, "POST", paths[number], {}))
        assert answers[1][0] == 200, answers
        is_done = answers[0][0] == 200
        assert is_done or answers[0][1][0]["code"] == "visit_closed", answers
        assert scene.shown(made)["status"] == ("completed" if is_done else "planned")
    done = [one for one in scene.doctor.get("/treatments").json["data"] if one["status"] == "completed"]
    assert len(charges(app)) == len(done)

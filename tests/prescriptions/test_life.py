"""What becomes of a prescription: revised, renewed, cancelled, stopped, expired, an error, filled."""

import threading
from datetime import timedelta

import pytest

from server.core import clock
from server.core.jobs import run_all
from server.modules.prescriptions.models import Prescription, PrescriptionItem
from tests.factories.people import signed_in
from tests.patients.support import refused
from tests.prescriptions.support import act, done, found, give, path, rows, tag, write


def shown(scene, prescription):
    return done(scene.doctor.get(path(prescription)))


def pass_by(app, prescription, days=1):
    """Have the last day of a prescription be over."""
    with app.app_context():
        write(app, Prescription, prescription["id"], expires_on=clock.today() - timedelta(days=days))


# Revising


def test_a_revision_replaces_and_stops_what_it_revises(scene):
    first = scene.prescribe(notes="Morning", quantity=20, refills_allowed=2)
    second = done(act(scene.doctor, first, "revise", quantity=10, reason="Too much"))
    assert (second["revision"], second["replaces_id"], second["status"]) == (2, first["id"], "active")
    assert second["rx_number"] != first["rx_number"]
    assert second["notes"] == "Morning"
    item = second["items"][0]
    assert (item["quantity"], item["refills_allowed"], item["dispensed"]) == (10, 2, 0)
    former = shown(scene, first)
    assert (former["status"], former["replaced_by_id"], former["ended"]["reason"]) == (
        "stopped",
        second["id"],
        "Too much",
    )
    assert former["items"] == first["items"]


def test_a_revision_needs_the_version_and_is_checked_anew(scene):
    scene.allergy("Amoxicillin")
    first, drug = scene.prescribe(), scene.drug("Amoxicillin 500 MG Oral Capsule")
    refused(scene.doctor.post(path(first, "revise"), json={"quantity": 1}), 428, "version_required")
    stale = scene.doctor.post(path(first, "revise"), json={"quantity": 1, "version": 7})
    refused(stale, 412, "stale_version")
    answer = act(scene.doctor, first, "revise", medication_id=drug, quantity=5)
    findings = found(answer)
    assert [one["kind"] for one in findings] == ["allergy"]
    assert shown(scene, first)["status"] == "active"
    sent = {"medication_id": drug, "quantity": 5, "override_reason": "Known", "acknowledge": [findings[0]["id"]]}
    assert done(act(scene.doctor, first, "revise", **sent))["items"][0]["medication_id"] == drug


def test_only_what_is_open_is_revised(app, scene):
    draft = scene.prescribe(status="draft")
    refused(act(scene.doctor, draft, "revise", quantity=1), 409, "invalid_transition")
    filled = scene.prescribe(quantity=5)
    give(app, filled, 5)
    refused(act(scene.doctor, shown(scene, filled), "revise", quantity=1), 409, "prescription_filled")
    past = scene.prescribe()
    pass_by(app, past)
    refused(act(scene.doctor, past, "revise", quantity=1), 409, "invalid_transition")


# Renewing


def test_a_renewal_is_the_same_again_and_ends_what_was_open(scene):
    first = scene.prescribe(quantity=20, refills_allowed=2, instructions="With water", notes="By post")
    again = done(scene.doctor.post(path(first, "renew")))
    same = ("medication_id", "quantity", "refills_allowed", "instructions")
    assert [again["items"][0][name] for name in same] == [first["items"][0][name] for name in same]
    assert (again["renews_id"], again["status"], again["notes"]) == (first["id"], "active", "By post")
    assert shown(scene, first)["status"] == "stopped"


def test_what_is_filled_or_expired_is_renewed_as_it_stands(app, scene):
    filled, past = scene.prescribe(quantity=5), scene.prescribe()
    give(app, filled, 5)
    pass_by(app, past)
    for former, status in ((filled, "filled"), (past, "expired")):
        assert done(act(scene.doctor, former, "renew"))["status"] == "active"
        assert shown(scene, former)["status"] == status


def test_a_renewal_may_be_a_draft_and_then_ends_nothing(scene):
    first = scene.prescribe()
    assert done(act(scene.doctor, first, "renew", status="draft"))["status"] == "draft"
    assert shown(scene, first)["status"] == "active"


def test_what_was_replaced_cancelled_or_is_a_draft_is_not_renewed(scene):
    first = scene.prescribe()
    done(act(scene.doctor, first, "revise", quantity=3))
    cancelled, draft = scene.prescribe(), scene.prescribe(status="draft")
    done(act(scene.doctor, cancelled, "cancel"))
    for one in (first, cancelled, draft):
        refused(act(scene.doctor, one, "renew"), 409, "invalid_transition")


def test_what_does_not_say_how_much_is_revised_first(app, scene):
    imported = scene.prescribe()
    write(app, Prescription, imported["id"], source="imported", expires_on=None)
    write(app, PrescriptionItem, imported["items"][0]["id"], quantity=None)
    seen = shown(scene, imported)
    assert (seen["items"][0]["quantity"], seen["items"][0]["remaining"], seen["items"][0]["refills_left"]) == (
        None,
    ) * 3
    refused(act(scene.doctor, imported, "renew"), 409, "not_fillable")
    refused(act(scene.doctor, seen, "revise", notes="Soon"), 409, "not_fillable")
    revised = done(act(scene.doctor, seen, "revise", quantity=14))
    assert (revised["source"], revised["items"][0]["remaining"]) == ("internal", 14)


# Cancelling and stopping


def test_before_the_first_dispense_it_is_cancelled_and_afterwards_stopped(app, scene):
    one, other = scene.prescribe(), scene.prescribe(quantity=10)
    cancelled = done(act(scene.doctor, one, "cancel", reason="Not needed"))
    assert (cancelled["status"], cancelled["ended"]["reason"]) == ("cancelled", "Not needed")
    assert cancelled["ended"]["by"]["id"] == str(scene.doctor.user.id)
    give(app, other, 4)
    refused(act(scene.doctor, other, "cancel"), 409, "already_dispensed")
    assert done(act(scene.doctor, other, "stop"))["status"] == "stopped"
    for verb in ("cancel", "stop", "activate"):
        code = "already_dispensed" if verb == "cancel" else "invalid_transition"
        refused(act(scene.doctor, other, verb), 409, code)


def test_what_was_handed_out_in_whole_can_still_be_stopped_and_what_is_prepared_cancelled(app, scene):
    filled, prepared = scene.prescribe(quantity=5), scene.prescribe(quantity=5)
    give(app, filled, 5)
    give(app, prepared, 5, status="prepared")
    assert shown(scene, prepared)["status"] == "active"
    assert done(act(scene.doctor, filled, "stop"))["status"] == "stopped"
    assert done(act(scene.doctor, prepared, "cancel"))["status"] == "cancelled"


def test_how_far_it_is_filled_follows_what_was_handed_out(app, scene):
    made = scene.prescribe(quantity=10, refills_allowed=1)
    for quantity, status in ((4, "partially_filled"), (6, "partially_filled"), (10, "filled")):
        give(app, made, quantity)
        assert shown(scene, made)["status"] == status
    refused(scene.doctor.patch(path(made), json={"notes": "x"}, headers=tag(made)), 409, "prescription_filled")


# Errors


def test_an_error_leaves_the_lists_and_stays_readable(app, scene):
    made = scene.prescribe()
    where, query = path(made), {"reason": "Another patient's"}
    refused(scene.doctor.delete(where, query_string=query), 428, "version_required")
    assert scene.doctor.delete(where, headers=tag(made)).status_code == 422
    for _ in range(2):
        assert scene.doctor.delete(where, query_string=query, headers=tag(made)).status_code == 204
    seen = shown(scene, made)
    assert (seen["status"], seen["voided"]["reason"]) == ("entered_in_error", "Another patient's")
    assert scene.doctor.get("/prescriptions").json["data"] == []
    assert len(scene.doctor.get("/prescriptions?status=entered_in_error").json["data"]) == 1
    assert scene.somebody.get(where).status_code == 404
    for verb in ("stop", "cancel", "renew", "activate", "revise"):
        refused(act(scene.doctor, seen, verb), 409, "entered_in_error")


def test_an_error_is_ones_own_and_nothing_was_handed_out(app, scene):
    made, query = scene.prescribe(), {"reason": "typo"}
    other = scene.another_doctor()
    assert other.delete(path(made), query_string=query, headers=tag(made)).status_code == 404
    give(app, made, 5)
    seen = shown(scene, made)
    refused(scene.doctor.delete(path(made), query_string=query, headers=tag(seen)), 409, "already_dispensed")
    assert shown(scene, made)["status"] == "partially_filled"


# Days


def test_past_its_last_day_it_is_expired_before_and_after_the_job(app, scene):
    made, other = scene.prescribe(), scene.prescribe()
    pass_by(app, made, days=1)
    pass_by(app, other, days=0)
    for _ in range(2):
        assert shown(scene, made)["status"] == "expired"
        assert shown(scene, other)["status"] == "active"
        assert [one["id"] for one in scene.doctor.get("/prescriptions?status=expired").json["data"]] == [made["id"]]
        assert [one["id"] for one in scene.doctor.get("/prescriptions?status=active").json["data"]] == [other["id"]]
        refused(act(scene.doctor, made, "stop"), 409, "invalid_transition")
        with app.app_context():
            run_all()
    assert sorted(row["status"] for row in rows(app, "SELECT status FROM prescriptions")) == ["active", "expired"]


def test_with_the_patient_end_their_prescriptions(app, scene):
    admin = signed_in(app, "admin")
    draft, active, given = scene.prescribe(status="draft"), scene.prescribe(), scene.prescribe()
    give(app, given, 5)
    patient = done(admin.get(f"/patients/{scene.patient.id}"))
    answer = admin.delete(f"/patients/{scene.patient.id}", headers=tag(patient))
    assert answer.status_code == 204, answer.text
    assert [shown(scene, one)["status"] for one in (draft, active, given)] == ["cancelled", "cancelled", "stopped"]


# Races


@pytest.mark.parametrize("verb", ["revise", "activate", "renew"])
def test_of_two_at_once_one_wins(app, scene, verb):
    made = scene.prescribe(status="draft" if verb == "activate" else "active")
    clients = [signed_in(app, user=scene.doctor.user) for _ in range(2)]
    answers = [None, None]

    def ask(number):
        answers[number] = act(clients[number], made, verb, **({"quantity": 5} if verb == "revise" else {}))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(one.status_code for one in answers)
    active = rows(app, "SELECT id FROM prescriptions WHERE status = 'active'")
    if verb == "renew":
        # The second renews what the first has ended, and finds the first's beside it.
        assert statuses == [200, 409]
    else:
        assert statuses[0] == 200
        assert statuses[1] in (409, 412)
    assert len(active) == 1

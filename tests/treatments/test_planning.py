"""Treatments are planned at an open visit and changed until they are over."""

import uuid
from datetime import datetime

import pytest

from tests.factories.calendar import make_doctor
from tests.factories.charts import make_visit
from tests.factories.people import make_patient, relate, signed_in
from tests.factories.stock import ledger, make_item, set_item, shelf
from tests.patients.support import ids, refused
from tests.treatments.support import charges, path, set_written, used


def test_every_field_is_kept(app, scene):
    gauze, tape = make_item(app, name="Gauze", stock=5), make_item(app, name="Tape", unit="roll", stock=5)
    other = make_doctor(app)
    said = {
        "doctor_id": str(other.id),
        "name": "Wound < care & dressing",
        "cost": "12.50",
        "notes": "Left knee\n<90°",
        "status": "in_progress",
    }
    made = scene.plan(**said, items_used=[used(tape, 2), used(gauze, 3)])
    assert {name: made[name] for name in said} == said
    assert made["items_used"] == [
        {"item_id": str(tape), "name": "Tape", "unit": "roll", "quantity": 2},
        {"item_id": str(gauze), "name": "Gauze", "unit": "piece", "quantity": 3},
    ]
    assert made["patient"] == {
        "id": str(scene.patient.id),
        "name": f"{scene.patient.first_name} {scene.patient.last_name}",
        "mrn": scene.patient.mrn,
    }
    assert made["doctor"] == {"id": str(other.id), "name": other.name}
    assert (made["patient_id"], made["visit_id"]) == (str(scene.patient.id), str(scene.visit_id))
    assert (made["price"], made["tax_rate"], made["version"]) == ("12.50", "0", 1)
    assert made["recorded_by"] == str(scene.doctor.user.id)
    assert (made["charge_id"], made["completed_at"], made["voided"]) == (None, None, None)
    assert scene.shown(made) == made


def test_the_least_is_a_visit_and_a_name(scene):
    made = scene.plan(name="Ear wash")
    assert (made["status"], made["cost"], made["items_used"]) == ("planned", "0.00", [])
    assert made["doctor"] == {"id": str(scene.doctor_id), "name": scene.doctor_name}


def test_planning_takes_nothing_and_charges_nothing(app, scene):
    item = make_item(app, stock=1)
    scene.plan(items_used=[used(item, 5)])
    assert shelf(app, item).on_hand == 1
    assert charges(app) == []


def test_a_service_gives_name_price_and_tax(scene, service):
    made = scene.plan(service_id=service["id"])
    assert (made["name"], made["price"], made["cost"], made["tax_rate"]) == ("Ultrasound", "80.00", "80.00", "19")
    assert made["service_id"] == service["id"]


def test_a_price_is_copied_when_it_is_planned(app, scene, service):
    made = scene.plan(service_id=service["id"])
    admin = signed_in(app, "admin")
    admin.patch(f"/services/{service['id']}", json={"price": "99.00", "name": "Sonography", "version": 1})
    assert (scene.shown(made)["name"], scene.shown(made)["cost"]) == ("Ultrasound", "80.00")
    # Naming the same service again is no change either.
    changed = scene.doctor.patch(path(made), json={"service_id": service["id"], "notes": "x", "version": 1})
    assert changed.json["data"]["cost"] == "80.00"
    assert scene.plan(service_id=service["id"])["cost"] == "99.00"


@pytest.mark.parametrize("field", ["cost", "name"])
def test_what_the_service_says_is_read_only(scene, service, field):
    body = {"visit_id": str(scene.visit_id), "service_id": service["id"], field: "1.00"}
    refused(scene.doctor.post("/treatments", json=body), 422, "read_only", field)
    made = scene.plan(service_id=service["id"])
    refused(scene.doctor.patch(path(made), json={field: "1.00", "version": 1}), 422, "read_only", field)


def test_price_and_tax_are_the_servers(scene):
    for field in ("price", "tax_rate"):
        body = {"visit_id": str(scene.visit_id), "name": "x", field: "1"}
        refused(scene.doctor.post("/treatments", json=body), 422, "read_only", field)


def test_another_service_gives_another_price_and_none_a_free_name(app, scene, service):
    made = scene.plan(service_id=service["id"])
    body = {"code": "MR", "name": "MRI", "price": "500.00", "tax_rate": "7"}
    other = signed_in(app, "admin").post("/services", json=body).json["data"]
    changed = scene.doctor.patch(path(made), json={"service_id": other["id"], "version": 1}).json["data"]
    assert (changed["name"], changed["cost"], changed["tax_rate"]) == ("MRI", "500.00", "7")
    free = {"service_id": None, "name": "Look again", "cost": "3.00", "version": 2}
    changed = scene.doctor.patch(path(made), json=free).json["data"]
    assert (changed["name"], changed["cost"], changed["tax_rate"]) == ("Look again", "3.00", "0")
    assert changed["service_id"] is None


def test_without_its_service_a_treatment_needs_a_name_and_costs_what_is_said(scene, service):
    made = scene.plan(service_id=service["id"])
    off = {"service_id": None, "version": 1}
    for more in ({}, {"name": None}, {"cost": "80.00"}):
        refused(scene.doctor.patch(path(made), json={**off, **more}), 422, "validation_failed", "name")
    assert scene.shown(made) == made
    changed = scene.doctor.patch(path(made), json={**off, "name": "Look again"}).json["data"]
    assert (changed["name"], changed["cost"], changed["tax_rate"]) == ("Look again", "0.00", "0")
    # Without a service from the start, none is taken off.
    kept = scene.doctor.patch(path(changed), json={"service_id": None, "notes": "x", "version": 2}).json["data"]
    assert (kept["name"], kept["notes"]) == ("Look again", "x")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": None}, "name"),
        ({"cost": "-1.00"}, "cost"),
        ({"cost": 5}, "cost"),
        ({"status": "completed"}, "status"),
        ({"status": "cancelled"}, "status"),
        ({"status": "entered_in_error"}, "status"),
        ({"service_id": str(uuid.uuid4())}, "service_id"),
        ({"doctor_id": str(uuid.uuid4())}, "doctor_id"),
        ({"patient_id": "x"}, "patient_id"),
        ({"items_used": [{"item_id": str(uuid.uuid4()), "quantity": 1}]}, "items_used.0.item_id"),
        ({"recorded_by": str(uuid.uuid4())}, "recorded_by"),
    ],
)
def test_what_is_not_valid_is_refused(scene, change, field):
    body = {"visit_id": str(scene.visit_id), "name": "Dressing", **change}
    if "service_id" in change:
        del body["name"]
    answer = scene.doctor.post("/treatments", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"].get(field), answer.text
    assert ids(scene.doctor.get("/treatments")) == []


@pytest.mark.parametrize("quantity", [0, -1, "2", 1.5, True, 2**31])
def test_a_quantity_is_a_whole_number_above_zero(app, scene, quantity):
    body = {"visit_id": str(scene.visit_id), "name": "x", "items_used": [used(make_item(app), quantity)]}
    refused(scene.doctor.post("/treatments", json=body), 422, "validation_failed", "items_used.0.quantity")


def test_each_item_once_and_only_such_as_are_in_use(app, scene):
    item, gone = make_item(app), make_item(app)
    set_item(app, gone, is_active=False)
    body = {"visit_id": str(scene.visit_id), "name": "x"}
    twice = {**body, "items_used": [used(item), used(item, 2)]}
    refused(scene.doctor.post("/treatments", json=twice), 422, "validation_failed", "items_used.1.item_id")
    inactive = {**body, "items_used": [used(item), used(gone)]}
    refused(scene.doctor.post("/treatments", json=inactive), 422, "validation_failed", "items_used.1.item_id")


@pytest.mark.parametrize("verb", ["post", "put", "patch"])
@pytest.mark.parametrize("missing", ["item_id", "quantity"])
def test_a_line_names_item_and_quantity_in_a_change_too(app, scene, verb, missing):
    line = {name: value for name, value in used(make_item(app)).items() if name != missing}
    where = "/treatments" if verb == "post" else path(scene.plan())
    body = {"name": "x", "items_used": [line]} | ({"visit_id": str(scene.visit_id)} if verb == "post" else {})
    answer = scene.doctor.open(verb.upper(), where, json=body, headers={"If-Match": '"1"'})
    refused(answer, 422, "validation_failed", f"items_used.0.{missing}")


def test_services_and_doctors_have_to_be_active(app, scene, service):
    signed_in(app, "admin").delete(f"/services/{service['id']}", headers={"If-Match": "1"})
    body = {"visit_id": str(scene.visit_id), "service_id": service["id"]}
    refused(scene.doctor.post("/treatments", json=body), 422, "validation_failed", "service_id")
    away = make_doctor(app, status="inactive")
    body = {"visit_id": str(scene.visit_id), "name": "x", "doctor_id": str(away.id)}
    refused(scene.doctor.post("/treatments", json=body), 422, "validation_failed", "doctor_id")


def test_a_visit_is_needed_and_the_patient_may_be_said(app, scene):
    refused(scene.doctor.post("/treatments", json={"name": "x"}), 422, "validation_failed", "visit_id")
    assert scene.plan(patient_id=str(scene.patient.id))["patient_id"] == str(scene.patient.id)
    other = make_patient(app)
    body = {"visit_id": str(scene.visit_id), "patient_id": str(other.id), "name": "x"}
    refused(scene.doctor.post("/treatments", json=body), 422, "validation_failed", "visit_id")
    body = {"visit_id": str(uuid.uuid4()), "name": "x"}
    refused(scene.doctor.post("/treatments", json=body), 404, "not_found")


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_a_closed_visit_takes_no_treatment_and_no_change(scene, status):
    made = scene.plan()
    scene.close(status)
    body = {"visit_id": str(scene.visit_id), "name": "x"}
    refused(scene.doctor.post("/treatments", json=body), 409, "visit_closed")
    refused(scene.doctor.patch(path(made), json={"notes": "x", "version": 1}), 409, "visit_closed")
    refused(scene.doctor.put(path(made), json={"name": "x", "version": 1}), 409, "visit_closed")
    refused(scene.doctor.post(path(made, "complete")), 409, "visit_closed")
    refused(scene.doctor.post(path(made, "cancel"), json={"reason": "x"}), 409, "visit_closed")
    assert scene.shown(made) == made


def test_a_change_needs_the_version_and_is_one_version(app, scene):
    made, item = scene.plan(), make_item(app)
    refused(scene.doctor.patch(path(made), json={"notes": "x"}), 428, "version_required")
    refused(scene.doctor.patch(path(made), json={"notes": "x", "version": 3}), 412, "stale_version")
    body = {"notes": "x", "cost": "1.00", "status": "in_progress", "items_used": [used(item)], "version": 1}
    answer = scene.nurse.patch(path(made), json=body)
    assert answer.status_code == 200, answer.text
    changed = answer.json["data"]
    assert changed["version"] == 2
    assert (changed["notes"], changed["cost"], changed["status"]) == ("x", "1.00", "in_progress")
    assert (changed["name"], changed["recorded_by"]) == (made["name"], made["recorded_by"])
    only_items = scene.doctor.patch(path(made), json={"items_used": [used(item, 2)], "version": 2})
    assert only_items.json["data"]["version"] == 3
    same = scene.doctor.patch(path(made), json={"items_used": [used(item, 2)], "version": 3})
    assert same.json["data"]["version"] == 3


def test_get_edit_put(app, scene, service):
    item = make_item(app)
    for made in (scene.plan(items_used=[used(item, 2)], notes="x"), scene.plan(service_id=service["id"])):
        again = scene.doctor.put(path(made), json=made)
        assert again.status_code == 200, again.text
        changed = scene.doctor.put(path(made), json={**scene.shown(made), "notes": "edited"})
        assert changed.status_code == 200, changed.text
        kept = {name: value for name, value in made.items() if name not in {"notes", "updated_at", "version"}}
        assert {name: changed.json["data"][name] for name in kept} == kept
        assert changed.json["data"]["notes"] == "edited"


def test_put_replaces_all_that_can_be_written(app, scene):
    other = make_doctor(app)
    made = scene.plan(notes="x", items_used=[used(make_item(app))], doctor_id=str(other.id))
    refused(scene.doctor.put(path(made), json={"version": 1}), 422, "validation_failed", "name")
    answer = scene.doctor.put(path(made), json={"name": "Other", "version": 1})
    assert answer.status_code == 200, answer.text
    changed = answer.json["data"]
    assert (changed["name"], changed["cost"], changed["notes"], changed["items_used"]) == ("Other", "0.00", None, [])
    assert changed["doctor_id"] == str(scene.doctor_id)


def test_a_name_is_never_taken_away(scene):
    made = scene.plan()
    refused(scene.doctor.patch(path(made), json={"name": None, "version": 1}), 422, "validation_failed", "name")


def test_it_begins_and_does_not_go_back(scene):
    made = scene.plan()
    begun = scene.doctor.patch(path(made), json={"status": "in_progress", "version": 1})
    assert begun.json["data"]["status"] == "in_progress"
    refused(scene.doctor.patch(path(made), json={"status": "planned", "version": 2}), 409, "invalid_transition")
    for status in ("completed", "cancelled", "entered_in_error"):
        answer = scene.doctor.patch(path(made), json={"status": status, "version": 2})
        refused(answer, 422, "validation_failed", "status")
    assert scene.shown(made)["version"] == 2


def test_a_clients_id_is_kept_and_taken_once(scene):
    own = "0190c6c1-0000-7000-8000-0000000000aa"
    assert scene.plan(id=own)["id"] == own
    body = {"visit_id": str(scene.visit_id), "name": "x", "id": own}
    refused(scene.doctor.post("/treatments", json=body), 409, "id_taken", "id")


def test_a_repeated_post_is_answered_once(scene):
    body, key = {"visit_id": str(scene.visit_id), "name": "x"}, {"Idempotency-Key": "k1"}
    first = scene.doctor.post("/treatments", json=body, headers=key)
    again = scene.doctor.post("/treatments", json=body, headers=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == first.json
    assert len(ids(scene.doctor.get("/treatments"))) == 1


def test_what_a_change_leaves_out_of_stock_stays_there(app, scene):
    item = make_item(app, stock=5)
    made = scene.plan(items_used=[used(item, 2)])
    scene.doctor.patch(path(made), json={"items_used": [], "version": 1})
    scene.doctor.post(path(made, "complete"))
    assert len(ledger(app, item)) == 1


def test_lists_filter_by_what_the_chart_names(clock, app, scene):
    other_visit = make_visit(app, scene.patient.id, make_doctor(app).id)
    stranger = make_patient(app)
    relate(app, stranger.id, scene.doctor.user.id)
    first = scene.plan()
    second = scene.plan(visit_id=str(other_visit), status="in_progress")
    third = scene.plan(visit_id=str(make_visit(app, stranger.id, scene.doctor_id)))
    # The clinic's days are Berlin's.
    for one, moment in ((first, "02T22:59"), (second, "02T23:00"), (third, "03T10:00")):
        set_written(app, one, datetime.fromisoformat(f"2026-03-{moment}:00+00:00"))

    def listed(**query):
        return ids(scene.doctor.get("/treatments", query_string=query))

    assert listed() == [third["id"], second["id"], first["id"]]
    assert listed(sort="created_at") == [first["id"], second["id"], third["id"]]
    assert listed(patient_id=scene.patient.id) == [second["id"], first["id"]]
    assert listed(visit_id=other_visit) == [second["id"]]
    assert listed(doctor_id=scene.doctor_id) == [third["id"], first["id"]]
    assert listed(status="in_progress") == [second["id"]]
    assert listed(**{"from": "2026-03-03"}) == [third["id"], second["id"]]
    assert listed(to="2026-03-02") == [first["id"]]
    refused(scene.doctor.get("/treatments?from=2026-03-03&to=2026-03-02"), 422, "validation_failed", "to")
    refused(scene.doctor.get("/treatments?status=done"), 422, "validation_failed", "status")

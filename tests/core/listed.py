"""Every list endpoint, found from the declarations, and how to put rows into each."""

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from server.core import clock
from server.core.db import db
from server.core.declare import Endpoint, endpoints
from server.core.ids import new_id
from server.core.uow import command
from server.modules.appointments.models import Appointment, Override, Review, TimeOff, WaitlistEntry, Window
from server.modules.auth.service import sessions
from server.modules.billing.service import fees
from server.modules.doctors.models import Favorite, Holiday
from server.modules.doctors.service import profiles, specialties
from server.modules.files.models import StoredFile
from server.modules.inventory.enums import Activity
from server.modules.inventory.models import (
    OrderReceipt,
    OrderReceiptLine,
    PurchaseOrder,
    PurchaseOrderLine,
    Stocktake,
    StocktakeLine,
)
from server.modules.inventory.service import categories, items, suppliers
from server.modules.inventory.service.ledger import Cause
from server.modules.medications.models import Medication
from server.modules.medications.service import products as medications
from server.modules.notifications import service as notifications
from server.modules.notifications.enums import SecurityEvent
from server.modules.patients.service import care, chart, contacts, people
from server.modules.pharmacy.models import Sale, SaleLine, SalePayment, SaleRefund, SaleRefundLine
from server.modules.prescriptions.models import Dispense, DispenseLot, Prescription, PrescriptionItem
from server.modules.procedures.models import Procedure, ProcedureAddendum
from server.modules.records.models import Document, MedicalRecord, RecordVersion
from server.modules.treatments.models import Treatment, TreatmentItem
from server.modules.users import service as users
from server.modules.users.models import User
from server.modules.vaccines.models import Immunization, ImmunizationVersion
from server.modules.visits.models import NoteAddendum, VisitDiagnosis, VisitEvent, VisitNote
from server.modules.vitals.models import Measurement, VitalSet
from tests.appointments.rows import add_events, make_appointments
from tests.factories.calendar import make_doctor
from tests.factories.charts import make_visit
from tests.factories.people import API, SignedIn, make_patient, make_user, relate, signed_in
from tests.factories.stock import receive

# Ties, other alphabets, capitals before small letters, and a word with a space in it.
NAMES = ["Zwick", "zwick", "Ångström", "Zwick", "محمد", "王", "Öz", "O'Neill", "Éclair", "de la Cruz", "Zwick", "Ärger"]

# What must not come twice, however often a list is filled.
_numbers = itertools.count(1)


@dataclass
class Filled:
    """A list with rows in it: who reads it, where, and with which parameters."""

    client: SignedIn
    path: str
    query: dict[str, str]


def list_endpoints(app: Flask) -> list[Endpoint]:
    """Return the endpoints that page, aliases left out."""
    return [
        endpoint
        for endpoint in endpoints(app)
        if endpoint.declaration.many
        and endpoint.declaration.query is not None
        and "per_page" in endpoint.declaration.query().fields
        and endpoint.alias_of is None
    ]


def sort_keys(endpoint: Endpoint) -> list[str]:
    """Return the names by which a list can be sorted."""
    assert endpoint.declaration.query
    return list(endpoint.declaration.query().fields["sort"].names)


def fill_patients(app: Flask, count: int) -> list[uuid.UUID]:
    """Register so many patients."""
    with app.app_context(), command("tests.fill", "patient"):
        return [
            people.register(
                actor=None,
                confirm_new=True,
                first_name=f"Given{number}",
                last_name=NAMES[number % len(NAMES)],
                date_of_birth=date(1900 + number % 100, 1 + number % 12, 1),
                sex="other",
            ).id
            for number in range(count)
        ]


def _patients(app: Flask, count: int) -> Filled:
    fill_patients(app, count)
    return Filled(signed_in(app, "admin"), "/patients", {})


def _search(app: Flask, count: int) -> Filled:
    fill_patients(app, count)
    return Filled(signed_in(app, "admin"), "/patients/search", {"q": "given"})


def _users(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "user"):
        for number in range(count - 1):
            name, email = NAMES[number % len(NAMES)], f"filler{number}@example.com"
            users.create(email=email, first_name="Fill", last_name=name, roles=["nurse"])
    return Filled(signed_in(app, "admin"), "/users", {})


def _chart(kind: str, add: Callable[..., Any], **fields: Any) -> Callable[[Flask, int], Filled]:
    def fill(app: Flask, count: int) -> Filled:
        patient, doctor = make_patient(app), make_user(app, "doctor")
        relate(app, patient.id, doctor.id)
        with app.app_context(), command("tests.fill", kind):
            for number in range(count):
                named = {name: f"{value} {number}" if name != "severity" else value for name, value in fields.items()}
                add(actor=None, patient_id=patient.id, status="active", **named)
        return Filled(signed_in(app, user=doctor), f"/patients/{patient.id}/{kind}", {})

    return fill


def _requests(path: str) -> Callable[[Flask, int], Filled]:
    """Fill what grows with each request; `to` keeps the requests of the test itself out."""

    def fill(app: Flask, count: int) -> Filled:
        client = signed_in(app, "admin")
        for _ in range(count):
            client.get("/auth/me")
        return Filled(client, path, {"to": (clock.now() + timedelta(seconds=0.5)).isoformat().replace("+00:00", "Z")})

    return fill


def _sessions(app: Flask, count: int) -> Filled:
    client = signed_in(app, "nurse")
    with app.app_context(), command("tests.fill", "session"):
        user = db.session.get_one(User, client.user.id)
        for number in range(count - 1):
            sessions.open_session(user=user, device=sessions.Device(f"Browser {number}", "127.0.0.1"))
    return Filled(client, "/auth/sessions", {})


def _sessions_of_another(app: Flask, count: int) -> Filled:
    other = make_user(app, "nurse")
    with app.app_context(), command("tests.fill", "session"):
        user = db.session.get_one(User, other.id)
        for number in range(count):
            sessions.open_session(user=user, device=sessions.Device(f"Browser {number}", "127.0.0.1"))
    return Filled(signed_in(app, "admin"), f"/users/{other.id}/sessions", {})


def _timeline(app: Flask, count: int) -> Filled:
    filled = _chart("conditions", chart.add_condition, display="Condition")(app, count)
    return replace(filled, path=filled.path.replace("conditions", "timeline"))


def _care_team(app: Flask, count: int) -> Filled:
    patient = make_patient(app)
    with app.app_context(), command("tests.fill", "care_relation"):
        for number in range(count):
            email = f"{new_id()}@example.com"
            user = users.create(email=email, first_name="Fill", last_name=NAMES[number % len(NAMES)], roles=["nurse"])
            care.enrol(patient_id=patient.id, user_id=user.id, added_by=user.id)
    return Filled(signed_in(app, "admin"), f"/patients/{patient.id}/care-team", {})


def _contacts(app: Flask, count: int) -> Filled:
    patient = make_patient(app)
    with app.app_context(), command("tests.fill", "contact"):
        for number in range(count):
            name, phone = NAMES[number % len(NAMES)], "+16175550100"
            contacts.add_contact(patient_id=patient.id, kind="emergency", name=name, relationship="friend", phone=phone)
    return Filled(signed_in(app, "receptionist"), f"/patients/{patient.id}/contacts", {})


def _access_log(app: Flask, count: int) -> Filled:
    """Fill the log of a chart with one entry for each time it is opened."""
    patient, client = make_patient(app), signed_in(app, "admin")
    for _ in range(count):
        client.get(f"/patients/{patient.id}")
    query = {"action": "patients.read"}
    return Filled(client, f"/patients/{patient.id}/access-log", query)


def _notifications(app: Flask, count: int) -> Filled:
    client = signed_in(app, "nurse")
    with app.app_context(), command("tests.fill", "notification"):
        for _ in range(count):
            notifications.tell_of_security(user_id=client.user.id, event=SecurityEvent.PASSWORD_CHANGED)
    return Filled(client, "/notifications", {})


def _reviews(app: Flask, count: int) -> Filled:
    """Fill a doctor's reviews, each of a visit of its own."""
    doctor, patient = make_doctor(app), make_patient(app)
    with app.app_context(), command("tests.fill", "review"):
        for number in range(count):
            at = clock.now() - timedelta(days=number + 1)
            visit = Appointment(
                patient_id=patient.id,
                doctor_id=doctor.id,
                starts_at=at,
                ends_at=at + timedelta(minutes=30),
                status="completed",
                type="consultation",
            )
            db.session.add(visit)
            db.session.flush()
            db.session.add(
                Review(doctor_id=doctor.id, patient_id=patient.id, appointment_id=visit.id, rating=1 + number % 5)
            )
    return Filled(signed_in(app, "patient"), f"/doctors/{doctor.id}/reviews", {})


def _calendar_tokens(app: Flask, count: int) -> Filled:
    client = signed_in(app, "nurse")
    for _ in range(count):
        client.post("/calendar/tokens")
    return Filled(client, "/calendar/tokens", {})


def _appointments(path: str, **query: str) -> Callable[[Flask, int], Filled]:
    """Fill a doctor's calendar with visits of one patient; one user is the desk, the doctor and the patient."""

    def fill(app: Flask, count: int) -> Filled:
        user = make_user(app, "receptionist", "doctor", "patient")
        doctor, patient = make_doctor(app, user_id=user.id), make_patient(app, user_id=user.id, last_name="Visitor")
        make_appointments(app, doctor.id, patient.id, count)
        return Filled(signed_in(app, user=user), path, query)

    return fill


def _appointment_history(app: Flask, count: int) -> Filled:
    doctor, patient = make_doctor(app), make_patient(app)
    (one,) = make_appointments(app, doctor.id, patient.id, 1)
    add_events(app, one, count)
    return Filled(signed_in(app, "admin"), f"/appointments/{one}/history", {})


def fill_doctors(app: Flask, count: int) -> list[uuid.UUID]:
    """Add so many doctors."""
    with app.app_context(), command("tests.fill", "doctor"):
        return [
            profiles.add(
                actor=None,
                first_name=f"Given{number}",
                last_name=NAMES[number % len(NAMES)],
                specialties=["cardiology", "urology"],
                consultation_fee=number % 7 * 100,
            ).id
            for number in range(count)
        ]


def _doctors(path: str, **query: str) -> Callable[[Flask, int], Filled]:
    def fill(app: Flask, count: int) -> Filled:
        fill_doctors(app, count)
        return Filled(signed_in(app, "patient"), path, query)

    return fill


def _favorites(app: Flask, count: int) -> Filled:
    patient = signed_in(app, "patient")
    doctor_ids = fill_doctors(app, count)
    with app.app_context(), command("tests.fill", "doctor"):
        db.session.add_all(Favorite(user_id=patient.user.id, doctor_id=one) for one in doctor_ids)
    return Filled(patient, "/doctors/me/favorites", {})


def _specialties(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "specialty"):
        for number in range(count):
            specialties.add(name=NAMES[number % len(NAMES)], code=f"code{next(_numbers)}")
    return Filled(signed_in(app, "admin"), "/specialties", {})


def _holidays(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "holiday"):
        first = date(1990, 1, 1)
        db.session.add_all(Holiday(held_on=first + timedelta(days=next(_numbers)), name="Day") for _ in range(count))
    return Filled(signed_in(app, "nurse"), "/clinic/holidays", {})


def _waitlist(app: Flask, count: int) -> Filled:
    doctor = make_doctor(app)
    patients = [make_patient(app) for _ in range(count)]
    with app.app_context(), command("tests.fill", "waitlist_entry"):
        today = clock.today()
        db.session.add_all(
            WaitlistEntry(patient_id=one.id, doctor_id=doctor.id, first_day=today, last_day=today) for one in patients
        )
    return Filled(signed_in(app, "receptionist"), "/waitlist", {})


def _of_doctor(path: str, make: Callable[[uuid.UUID, int], Any]) -> Callable[[Flask, int], Filled]:
    def fill(app: Flask, count: int) -> Filled:
        user = make_user(app, "doctor")
        doctor_id = make_doctor(app, user_id=user.id).id
        with app.app_context(), command("tests.fill", "availability"):
            db.session.add_all(make(doctor_id, number) for number in range(count))
        return Filled(signed_in(app, user=user), f"/doctors/{doctor_id}/{path}", {})

    return fill


def _window(doctor_id: uuid.UUID, number: int) -> Window:
    start = number % 5 * 60
    return Window(doctor_id=doctor_id, weekday=number % 7, start_minute=start, end_minute=start + 60, slot_minutes=30)


def _override(doctor_id: uuid.UUID, number: int) -> Override:
    return Override(doctor_id=doctor_id, held_on=date(2026, 1, 1 + number % 28), kind="closed", windows=[])


def _time_off(doctor_id: uuid.UUID, number: int) -> TimeOff:
    starts_at = clock.now() + timedelta(days=number % 9)
    return TimeOff(doctor_id=doctor_id, starts_at=starts_at, ends_at=starts_at + timedelta(days=1))


def _cared_for(app: Flask) -> tuple[SignedIn, uuid.UUID]:
    """Return a client signed in as a doctor and patient at once, and the patient in the doctor's care."""
    user, patient = make_user(app, "doctor", "patient"), make_patient(app)
    relate(app, patient.id, user.id)
    return signed_in(app, user=user), patient.id


def _visits(app: Flask, count: int) -> Filled:
    """Fill the visits of a doctor's patient, three at each hour, each with a diagnosis."""
    client, patient_id = _cared_for(app)
    doctor_id, now = make_doctor(app).id, clock.now()
    for number in range(count):
        visit_id = make_visit(app, patient_id, doctor_id, started_at=now - timedelta(hours=number // 3))
        with app.app_context(), command("tests.fill", "visit"):
            db.session.add(VisitDiagnosis(visit_id=visit_id, patient_id=patient_id, position=0, display="Gout"))
    return Filled(client, "/visits", {})


def _visit_history(app: Flask, count: int) -> Filled:
    client, patient_id = _cared_for(app)
    visit_id = make_visit(app, patient_id)
    with app.app_context(), command("tests.fill", "visit"):
        db.session.add_all(VisitEvent(visit_id=visit_id, to_status="open", reason="x") for _ in range(count))
    return Filled(client, f"/visits/{visit_id}/history", {})


def _notes(app: Flask, count: int) -> Filled:
    """Fill a visit's notes, half of them signed and added to."""
    client, patient_id = _cared_for(app)
    visit_id, author = make_visit(app, patient_id), client.user.id
    with app.app_context(), command("tests.fill", "note"):
        for number in range(count):
            note = VisitNote(visit_id=visit_id, patient_id=patient_id, recorded_by=author, plan="Rest", status="draft")
            if number % 2 == 0:
                note.status, note.signed_at, note.signed_by, note.sha256 = "signed", clock.now(), author, "0" * 64
            db.session.add(note)
            db.session.flush()
            if number % 2 == 0:
                db.session.add(NoteAddendum(note_id=note.id, text="More rest", by=author))
    return Filled(client, f"/visits/{visit_id}/notes", {})


def _fill_records(patient_id: uuid.UUID, author: uuid.UUID, count: int, **fields: Any) -> None:
    for _ in range(count):
        facts = {"status": "draft", "source": "clinic", **fields}
        record = MedicalRecord(patient_id=patient_id, recorded_by=author, number=1, **facts)
        db.session.add(record)
        db.session.flush()
        db.session.add(RecordVersion(record_id=record.id, number=1, by=author, notes="Well"))


def _records(path: str, **query: str) -> Callable[[Flask, int], Filled]:
    def fill(app: Flask, count: int) -> Filled:
        client, patient_id = _cared_for(app)
        with app.app_context(), command("tests.fill", "record"):
            _fill_records(patient_id, client.user.id, count)
        return Filled(client, path, query)

    return fill


def _own_records(app: Flask, count: int) -> Filled:
    client = signed_in(app, "patient")
    own = make_patient(app, user_id=client.user.id)
    with app.app_context(), command("tests.fill", "record"):
        released = {"released_number": 1, "released_at": clock.now(), "released_by": client.user.id}
        _fill_records(own.id, client.user.id, count, status="released", source="patient", **released)
    return Filled(client, "/records/me", {})


def _record_versions(app: Flask, count: int) -> Filled:
    client, patient_id = _cared_for(app)
    with app.app_context(), command("tests.fill", "record"):
        record = MedicalRecord(patient_id=patient_id, status="draft", source="clinic", number=count)
        db.session.add(record)
        db.session.flush()
        versions = [RecordVersion(record_id=record.id, number=number + 1, notes="Well") for number in range(count)]
        db.session.add_all(versions)
        record_id = record.id
    return Filled(client, f"/records/{record_id}/versions", {})


def _fill_vaccines(patient_id: uuid.UUID, count: int) -> list[Immunization]:
    facts = {"status": "completed", "vaccine_code": "140", "name": "Influenza"}
    first = date(2000, 1, 1)
    entries = [
        Immunization(patient_id=patient_id, administered_on=first + timedelta(days=number % 9), **facts)
        for number in range(count)
    ]
    db.session.add_all(entries)
    db.session.flush()
    return entries


def _vaccines(app: Flask, count: int) -> Filled:
    client, patient_id = _cared_for(app)
    with app.app_context(), command("tests.fill", "immunization"):
        _fill_vaccines(patient_id, count)
    return Filled(client, "/vaccines", {})


def _vaccine_versions(app: Flask, count: int) -> Filled:
    client, patient_id = _cared_for(app)
    with app.app_context(), command("tests.fill", "immunization"):
        (entry,) = _fill_vaccines(patient_id, 1)
        former = [
            ImmunizationVersion(immunization_id=entry.id, number=number + 1, said={"name": "Flu"})
            for number in range(count)
        ]
        db.session.add_all(former)
        where = f"/vaccines/{entry.id}/versions"
    return Filled(client, where, {})


def _vaccine_codes(app: Flask, count: int) -> Filled:
    """Give the catalogue, which is shipped full, or the part of it that fits on one page."""
    return Filled(signed_in(app, "nurse"), "/vaccines/catalog", {"q": "influenza"} if count <= 40 else {})


def _services(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "service"):
        for number in range(count):
            fees.add(name=NAMES[number % len(NAMES)], code=f"S-{next(_numbers)}", price=number % 7 * 100)
    return Filled(signed_in(app, "nurse"), "/services", {})


def _medications(app: Flask, count: int) -> Filled:
    """Fill the catalogue of medication, each product with ingredients, a class and a lot."""
    with app.app_context(), command("tests.fill", "medication"):
        for number in range(count):
            medications.add(
                actor=None,
                name=NAMES[number % len(NAMES)],
                ingredients=[{"name": "codeine"}, {"name": "caffeine"}],
                drug_classes=["Opioids"],
                quantity=number % 3,
            )
    return Filled(signed_in(app, "nurse"), "/medications", {})


def _prescriptions(app: Flask, count: int) -> Filled:
    """Fill prescriptions of two medications, and have the pharmacy read them with the patient's allergies."""
    patient = make_patient(app)
    with app.app_context(), command("tests.fill", "prescription"):
        drug = medications.add(actor=None, name=f"Testol {next(_numbers)}")
        chart.add_allergy(actor=None, patient_id=patient.id, substance="Latex", severity="mild", status="active")
        for _ in range(count):
            number = next(_numbers)
            known = {"rx_number": f"RX-{number:06d}", "verify_code": f"code-{number}", "source": "internal"}
            one = Prescription(patient_id=patient.id, status="active", date_prescribed=clock.today(), **known)
            db.session.add(one)
            db.session.flush()
            for place in range(2):
                item = {"medication_id": drug.id, "position": place, "quantity": 1}
                db.session.add(PrescriptionItem(prescription_id=one.id, **item))
    return Filled(signed_in(app, "pharmacist"), "/prescriptions", {})


def _dispenses(app: Flask, count: int) -> Filled:
    """Fill a prescription many times, each time of two lots."""
    filled = _prescriptions(app, 1)
    with app.app_context(), command("tests.fill", "dispense"):
        item = db.session.scalars(select(PrescriptionItem).order_by(PrescriptionItem.id.desc())).first()
        prescription = db.session.get_one(Prescription, item.prescription_id)
        drug = db.session.get_one(Medication, item.medication_id)
        cause = Cause(activity=Activity.ADD, actor=None)
        lots = [items.receive_lot(item_id=drug.item_id, quantity=9, lot_number=name, cause=cause) for name in "AB"]
        for number in range(count):
            known = {"item_id": item.id, "medication_id": drug.id, "patient_id": prescription.patient_id}
            status = {"status": "filled", "fill_number": number + 1, "quantity": 2, "filled_at": clock.now()}
            one = Dispense(prescription_id=prescription.id, **known, **status)
            db.session.add(one)
            db.session.flush()
            for lot in lots:
                db.session.add(DispenseLot(dispense_id=one.id, lot_id=lot.id, quantity=1))
    return Filled(filled.client, "/dispenses", {})


def _dispenses_of_prescription(app: Flask, count: int) -> Filled:
    """Fill a prescription many times, and look at just what was handed out on it."""
    filled = _dispenses(app, count)
    shown = filled.client.get("/prescriptions").json["data"][0]
    return Filled(filled.client, f"/prescriptions/{shown['id']}/dispenses", {})


def _treatments(app: Flask, count: int) -> Filled:
    """Fill treatments of one visit, each with something that it uses."""
    client, patient_id = _cared_for(app)
    visit_id = make_visit(app, patient_id)
    with app.app_context(), command("tests.fill", "treatment"):
        item = items.add_item(name="Gauze", kind="supply", unit="piece")
        for _ in range(count):
            one = Treatment(visit_id=visit_id, patient_id=patient_id, name="Dressing", status="planned")
            db.session.add(one)
            db.session.flush()
            db.session.add(TreatmentItem(treatment_id=one.id, item_id=item.id, quantity=2))
    return Filled(client, "/treatments", {})


def _categories(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "item_category"):
        for number in range(count):
            categories.add(name=f"{NAMES[number % len(NAMES)]} {next(_numbers)}")
    return Filled(signed_in(app, "nurse"), "/categories", {})


def _items(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "item"):
        for number in range(count):
            item = items.add_item(name=NAMES[number % len(NAMES)], kind="supply", unit="piece")
            items.receive_lot(item_id=item.id, quantity=number % 3 + 1, cause=Cause(activity=Activity.ADD, actor=None))
    return Filled(signed_in(app, "nurse"), "/items", {})


def _of_item(what: str) -> Callable[[Flask, int], Filled]:
    """Fill the lots, and with them the ledger, of one item."""

    def fill(app: Flask, count: int) -> Filled:
        with app.app_context(), command("tests.fill", "lot"):
            item_id = items.add_item(name="Gauze", kind="supply", unit="piece").id
            for number in range(count):
                expires_on = None if number % 4 == 0 else date(2099, 1, number % 3 + 1)
                facts = {"lot_number": f"L{number}", "expires_on": expires_on}
                cause = Cause(activity=Activity.ADD, actor=None)
                items.receive_lot(item_id=item_id, quantity=number + 1, cause=cause, **facts)
        return Filled(signed_in(app, "technician"), f"/items/{item_id}/{what}", {})

    return fill


def _suppliers(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "supplier"):
        for number in range(count):
            suppliers.add(name=f"{NAMES[number % len(NAMES)]} {next(_numbers)}")
    return Filled(signed_in(app, "nurse"), "/suppliers", {})


def _orders(app: Flask, count: int) -> Filled:
    """Fill orders of two lines, each with a delivery."""
    client = signed_in(app, "technician")
    with app.app_context(), command("tests.fill", "purchase_order"):
        item = items.add_item(name="Gauze", kind="supply", unit="piece")
        lot = items.receive_lot(item_id=item.id, quantity=1, cause=Cause(activity=Activity.ADD, actor=None))
        for _ in range(count):
            order = PurchaseOrder(number=f"O-{next(_numbers):06}", status="ordered", created_by=client.user.id)
            db.session.add(order)
            db.session.flush()
            receipt = OrderReceipt(order_id=order.id)
            db.session.add(receipt)
            db.session.flush()
            for position in range(2):
                line = PurchaseOrderLine(order_id=order.id, position=position, item_id=item.id, quantity_ordered=2)
                db.session.add(line)
                db.session.flush()
                db.session.add(OrderReceiptLine(receipt_id=receipt.id, line_id=line.id, lot_id=lot.id, quantity=1))
    return Filled(client, "/orders", {})


def _stocktakes(app: Flask, count: int) -> Filled:
    """Fill counts of one lot."""
    with app.app_context(), command("tests.fill", "stocktake"):
        item = items.add_item(name="Gauze", kind="supply", unit="piece")
        lot = items.receive_lot(item_id=item.id, quantity=1, cause=Cause(activity=Activity.ADD, actor=None))
        for _ in range(count):
            one = Stocktake(number=f"ST-{next(_numbers):06}", status="open")
            db.session.add(one)
            db.session.flush()
            line = {"item_id": item.id, "lot_id": lot.id, "expected": 1, "movement_count": 1}
            db.session.add(StocktakeLine(stocktake_id=one.id, **line))
    return Filled(signed_in(app, "technician"), "/stocktakes", {})


def _low_stock(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "item"):
        for number in range(count):
            items.add_item(name=NAMES[number % len(NAMES)], kind="supply", unit="piece", reorder_point=5)
    return Filled(signed_in(app, "nurse"), "/items/low-stock", {})


def _expiring(app: Flask, count: int) -> Filled:
    with app.app_context(), command("tests.fill", "lot"):
        item = items.add_item(name="Gauze", kind="supply", unit="piece")
        for number in range(count):
            facts = {"lot_number": f"L{number}", "expires_on": clock.today() + timedelta(days=number % 5 - 2)}
            cause = Cause(activity=Activity.ADD, actor=None)
            items.receive_lot(item_id=item.id, quantity=1, cause=cause, **facts)
    return Filled(signed_in(app, "nurse"), "/items/expiring", {})


def _procedures(app: Flask, count: int) -> Filled:
    """Fill performed procedures, each with something that was added to it."""
    client, patient_id = _cared_for(app)
    with app.app_context(), command("tests.fill", "procedure"):
        for _ in range(count):
            done = {"status": "performed", "performed_at": clock.now()}
            one = Procedure(patient_id=patient_id, name="Spirometry", **done)
            db.session.add(one)
            db.session.flush()
            db.session.add(ProcedureAddendum(procedure_id=one.id, text="Repeat", by=client.user.id))
    return Filled(client, "/procedures", {})


def _vitals(path: str) -> Callable[[Flask, int], Filled]:
    """Fill the sets of one visit, each with two values."""

    def fill(app: Flask, count: int) -> Filled:
        client, patient_id = _cared_for(app)
        visit_id, now = make_visit(app, patient_id), clock.now()
        said = {"patient_id": patient_id, "measured_at": now, "status": "final"}
        with app.app_context(), command("tests.fill", "vital_set"):
            for _ in range(count):
                entry = VitalSet(visit_id=visit_id, **said)
                db.session.add(entry)
                db.session.flush()
                for kind, unit in (("heart_rate", "/min"), ("weight", "kg")):
                    values = {"value": 70.0, "unit": unit, "entered_value": 70.0, "entered_unit": unit}
                    db.session.add(
                        Measurement(set_id=entry.id, kind=kind, loinc="0-0", recorded_at=now, **said, **values)
                    )
        return Filled(client, path.format(visit_id=visit_id, patient_id=patient_id), {})

    return fill


def _documents(app: Flask, count: int) -> Filled:
    patient, doctor = make_patient(app), make_user(app, "doctor")
    relate(app, patient.id, doctor.id)
    with app.app_context(), command("tests.fill", "document"):
        for number in range(count):
            file = StoredFile(
                storage_key=f"{new_id()}",
                name="x.pdf",
                media_type="application/pdf",
                size=1,
                sha256="0" * 64,
                status="kept",
                scan="unscanned",
            )
            db.session.add(file)
            db.session.flush()
            db.session.add(Document(patient_id=patient.id, file_id=file.id, title=f"Letter {number}", status="held"))
    return Filled(signed_in(app, user=doctor), f"/patients/{patient.id}/documents", {})


def _stocked(app: Flask) -> tuple[uuid.UUID, uuid.UUID]:
    """Return a controlled medication, and its item of stock."""
    facts = {"name": f"Morphine {next(_numbers)}", "prescription_required": True, "controlled_schedule": "II"}
    with app.app_context(), command("tests.fill", "medication"):
        made = medications.add(actor=None, **facts)
        return made.id, made.item_id


def _movements_of_all(path: str) -> Callable[[Flask, int], Filled]:
    """Fill the ledger, and with it the register of controlled drugs."""

    def fill(app: Flask, count: int) -> Filled:
        _, item_id = _stocked(app)
        for _ in range(count):
            receive(app, item_id, 1)
        return Filled(signed_in(app, "pharmacist"), path, {})

    return fill


def _transactions(app: Flask, count: int) -> Filled:
    """Fill sales, each with a line, a payment and a refund."""
    medication_id, _ = _stocked(app)
    with app.app_context(), command("tests.fill", "transaction"):
        for _ in range(count):
            amounts = {"subtotal": 100, "tax": 0, "total": 100}
            sale = Sale(receipt_number=f"R-F{next(_numbers)}", change=0, refunded=100, **amounts)
            db.session.add(sale)
            db.session.flush()
            goods = {"medication_id": medication_id, "description": "Plaster", "quantity": 1, "unit_price": 100}
            line = SaleLine(sale_id=sale.id, position=0, tax_rate=0, **goods, **amounts)
            back = SaleRefund(sale_id=sale.id, amount=100, method="cash", reason="Torn")
            db.session.add_all([line, back, SalePayment(sale_id=sale.id, method="cash", amount=100)])
            db.session.flush()
            db.session.add(SaleRefundLine(refund_id=back.id, line_id=line.id, quantity=1, amount=100))
    return Filled(signed_in(app, "cashier"), "/transactions", {})


FILLERS: dict[str, Callable[[Flask, int], Filled]] = {
    f"{API}/patients": _patients,
    f"{API}/patients/search": _search,
    f"{API}/users": _users,
    f"{API}/patients/{{patient_id}}/allergies": _chart(
        "allergies", chart.add_allergy, substance="Substance", severity="mild"
    ),
    f"{API}/patients/{{patient_id}}/conditions": _chart("conditions", chart.add_condition, display="Condition"),
    f"{API}/patients/{{patient_id}}/care-team": _care_team,
    f"{API}/patients/{{patient_id}}/timeline": _timeline,
    f"{API}/patients/{{patient_id}}/contacts": _contacts,
    f"{API}/patients/{{patient_id}}/access-log": _access_log,
    f"{API}/auth/sessions": _sessions,
    f"{API}/users/{{user_id}}/sessions": _sessions_of_another,
    f"{API}/notifications": _notifications,
    f"{API}/doctors": _doctors("/doctors"),
    f"{API}/doctors/search": _doctors("/doctors/search", q="given"),
    f"{API}/doctors/me/favorites": _favorites,
    f"{API}/specialties": _specialties,
    f"{API}/clinic/holidays": _holidays,
    f"{API}/doctors/{{doctor_id}}/reviews": _reviews,
    f"{API}/doctors/{{doctor_id}}/availability": _of_doctor("availability", _window),
    f"{API}/doctors/{{doctor_id}}/availability-overrides": _of_doctor("availability-overrides", _override),
    f"{API}/doctors/{{doctor_id}}/time-off": _of_doctor("time-off", _time_off),
    f"{API}/calendar/tokens": _calendar_tokens,
    f"{API}/appointments": _appointments("/appointments"),
    f"{API}/appointments/search": _appointments("/appointments/search", q="visitor"),
    f"{API}/appointments/me": _appointments("/appointments/me"),
    f"{API}/appointments/doctor/me": _appointments("/appointments/doctor/me"),
    f"{API}/appointments/{{appointment_id}}/history": _appointment_history,
    f"{API}/visits": _visits,
    f"{API}/visits/{{visit_id}}/history": _visit_history,
    f"{API}/visits/{{visit_id}}/notes": _notes,
    f"{API}/records": _records("/records"),
    f"{API}/records/me": _own_records,
    f"{API}/records/doctor/me": _records("/records/doctor/me"),
    f"{API}/records/{{record_id}}/versions": _record_versions,
    f"{API}/services": _services,
    f"{API}/medications": _medications,
    f"{API}/prescriptions": _prescriptions,
    f"{API}/dispenses": _dispenses,
    f"{API}/prescriptions/{{prescription_id}}/dispenses": _dispenses_of_prescription,
    f"{API}/treatments": _treatments,
    f"{API}/categories": _categories,
    f"{API}/items": _items,
    f"{API}/items/low-stock": _low_stock,
    f"{API}/items/expiring": _expiring,
    f"{API}/suppliers": _suppliers,
    f"{API}/orders": _orders,
    f"{API}/stocktakes": _stocktakes,
    f"{API}/items/{{item_id}}/lots": _of_item("lots"),
    f"{API}/items/{{item_id}}/movements": _of_item("movements"),
    f"{API}/procedures": _procedures,
    f"{API}/visits/{{visit_id}}/vitals": _vitals("/visits/{visit_id}/vitals"),
    f"{API}/patients/{{patient_id}}/vitals": _vitals("/patients/{patient_id}/vitals"),
    f"{API}/patients/{{patient_id}}/documents": _documents,
    f"{API}/vaccines": _vaccines,
    f"{API}/vaccines/{{vaccine_id}}/versions": _vaccine_versions,
    f"{API}/vaccines/catalog": _vaccine_codes,
    f"{API}/transactions": _transactions,
    f"{API}/inventory-updates": _movements_of_all("/inventory-updates"),
    f"{API}/controlled-register": _movements_of_all("/controlled-register"),
    f"{API}/waitlist": _waitlist,
    f"{API}/audit-logs": _requests("/audit-logs"),
    f"{API}/user-activities": _requests("/user-activities"),
}

"""Rules of patients: who is registered, by whom changed, and how they stay findable."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from server.core import state, trail as trails
from server.core.access import Actor, Scope
from server.core.columns import ANY_VERSION, Expected
from server.core.counters import next_number
from server.core.db import db
from server.core.dump import columns_of, row_dumper
from server.core.errors import Conflict, Forbidden, NotFound
from server.core.fields import normal_form
from server.core.phones import phone_search_words
from server.core.search import search_text
from server.core.text import digits_of, fold, fold_key
from server.modules.patients import signals
from server.modules.patients.enums import PatientStatus
from server.modules.patients.models import MedicalHistory, Patient
from server.modules.patients.policies import Perm
from server.modules.patients.queries.people import in_scope, likely_duplicates
from server.modules.patients.schemas.patient import PatientCard
from server.modules.patients.service import care

# What a role that sees only identity cards may write of a walk-in customer.
IDENTITY_AND_CONTACT = frozenset({"id", "first_name", "last_name", "date_of_birth", "sex", "phone", "email", "address"})
# What patients may change of themselves; names, birth date and sex are changed by staff.
OWN_FIELDS = frozenset({"preferred_name", "phone", "email", "address", "language"})
_CARD = columns_of(PatientCard)


class PossibleDuplicate(Conflict):
    """Somebody very like this is registered already; send `confirm_new` to go on."""

    code = "possible_duplicate"


class PatientDeceased(Conflict):
    """The patient has died."""

    code = "patient_deceased"


class PatientMerged(Conflict):
    """The patient was merged into another."""

    code = "patient_merged"


class FieldNotAllowed(Forbidden):
    """Your role may not write some of these fields."""

    code = "field_not_allowed"


class OwnRecord(Forbidden):
    """On your own chart you are a patient; a colleague has to do this."""

    code = "own_record"


def register(*, actor: Actor | None, confirm_new: bool = False, **fields: Any) -> Patient:
    """Register a patient unless a likely duplicate stands in the way; a registering clinician joins the care team.

    The MRN is drawn first: its counter stays locked, so of two who register one person at once the second sees the
    first.
    """
    if actor is not None:
        _require_registering(actor, fields)
    connection = db.session.connection()
    number = next_number(connection, "patients.mrn")
    patient = Patient(number=number, mrn=mrn_of(number), registered_by=actor.user_id if actor else None)
    if fields.get("id"):
        patient.id = fields.pop("id")
    write(patient, fields)
    candidates = likely_duplicates(
        connection,
        _CARD,
        first_name=patient.first_name,
        last_name=patient.last_name,
        date_of_birth=patient.date_of_birth,
        phone=patient.phone,
        email_key=patient.email_key,
    )
    if candidates and not confirm_new:
        dump = row_dumper(PatientCard, tuple(_CARD))
        trails.current().listed(row.id for row in candidates)
        raise PossibleDuplicate(candidates=[dump(row[: len(_CARD)]) for row in candidates])
    if candidates:
        trails.current().note = "confirm_new"
    add(patient)
    if actor is not None and Scope.RELATED in actor.scopes(Perm.READ):
        care.enrol(patient_id=patient.id, user_id=actor.user_id, added_by=actor.user_id)
    signals.registered.send(patient=patient, actor=actor)
    return patient


def add(patient: Patient) -> None:
    """Store a new patient with an empty history."""
    db.session.add(patient)
    db.session.flush()
    db.session.add(MedicalHistory(patient_id=patient.id))
    trails.current().about(patient.id, patient_id=patient.id)
    db.session.flush()


def mrn_of(number: int) -> str:
    """Return the medical record number of a patient's number."""
    return f"MRN-{number:06d}"


def _require_registering(actor: Actor, fields: Mapping[str, Any]) -> None:
    if actor.scopes(Perm.REGISTER) == {Scope.OWN}:
        raise Forbidden("Make your own profile with POST /patients/me.")
    if actor.scopes(Perm.READ) <= {Scope.CARD, Scope.OWN}:
        _forbid({name for name, value in fields.items() if value is not None} - IDENTITY_AND_CONTACT)


def _forbid(names: set[str]) -> None:
    if names:
        why = FieldNotAllowed.default_message()
        raise FieldNotAllowed(errors={name: [why] for name in sorted(names)})


def update(*, actor: Actor, patient_id: uuid.UUID, expected: Expected = ANY_VERSION, **changes: Any) -> Patient:
    """Change demographics; patients change their own contact data, language and preferred name only."""
    connection = db.session.connection()
    found = in_scope(connection, actor, Perm.UPDATE, patient_id)
    if found is None:
        raise NotFound
    patient = db.session.get_one(Patient, patient_id, with_for_update=True)
    patient.require(expected)
    if found.user_id == actor.user_id:
        if Scope.OWN not in actor.scopes(Perm.UPDATE):
            raise OwnRecord
        _forbid({name for name in changes if name not in OWN_FIELDS and _differs(patient, name, changes[name])})
    write(patient, changes)
    trails.current().about(patient.id, patient_id=patient.id)
    db.session.flush()
    return patient


def _differs(patient: Patient, name: str, value: Any) -> bool:
    return bool(getattr(patient, name) != value)


def deactivate(*, actor: Actor, patient_id: uuid.UUID, expected: Expected = ANY_VERSION) -> None:
    """Take a patient out of the lists; the history stays. Again, it changes nothing."""
    connection = db.session.connection()
    if in_scope(connection, actor, Perm.DEACTIVATE, patient_id) is None:
        raise NotFound
    patient = db.session.get_one(Patient, patient_id, with_for_update=True)
    trails.current().about(patient.id, patient_id=patient.id)
    if patient.status == PatientStatus.INACTIVE:
        return
    require_living(patient)
    patient.require(expected)
    patient.status = PatientStatus.INACTIVE
    db.session.flush()
    signals.deactivated.send(patient=patient, actor=actor)


def require_living(patient: Patient) -> None:
    """Raise `PatientDeceased` or `PatientMerged` where nothing new may happen to the patient."""
    if patient.status == PatientStatus.DECEASED:
        raise PatientDeceased
    if patient.status == PatientStatus.MERGED:
        raise PatientMerged


def write(patient: Patient, changes: Mapping[str, Any]) -> None:
    """Set fields of a patient and renew the folded keys by which they are found."""
    for name, value in changes.items():
        if name == "address":
            _write_address(patient, value)
        else:
            setattr(patient, name, value)
    patient.last_name_key = fold_key(patient.last_name)
    patient.first_name_key = fold_key(patient.first_name)
    patient.email_key = normal_form(patient.email) if patient.email else None
    patient.city_key = fold_key(patient.address_city) if patient.address_city else None
    patient.search_text, patient.card_text = searched(patient)


def _write_address(patient: Patient, address: Mapping[str, Any] | None) -> None:
    parts = ("line1", "line2", "city", "state", "postal_code", "country")
    given = address if address is not None else dict.fromkeys(parts)
    for part in parts:
        if part in given:
            setattr(patient, f"address_{part}", given[part])


def searched(patient: Patient) -> tuple[str, str]:
    """Return the folded text in which a patient is searched, and the part of it that the identity card shows.

    The card has first and last name, MRN, birth date and phone digits; the rest are other names and the e-mail.
    """
    country = state.settings().clinic_country
    on_card = [
        *(fold(name) for name in (patient.last_name, patient.first_name)),
        fold(patient.mrn),
        [digits_of(patient.mrn), patient.date_of_birth.strftime("%Y%m%d")],
        phone_search_words(patient.phone, country) if patient.phone else [],
    ]
    beside = (patient.middle_name, patient.preferred_name, patient.maiden_name, patient.email)
    return search_text(*on_card, *(fold(text) for text in beside if text)), search_text(*on_card)

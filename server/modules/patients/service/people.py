"""Rules of patients: who is registered, by whom changed, and how they stay findable."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from server.core import state, trail as trails
from server.core.access import Actor, Scope
from server.core.columns import ANY_VERSION, Expected
from server.core.constraints import on_violation
from server.core.counters import next_number
from server.core.db import db
from server.core.dump import columns_of, row_dumper
from server.core.errors import Conflict, Forbidden, NotFound, refused
from server.core.fields import normal_form
from server.core.ids import new_id
from server.core.phones import phone_search_words
from server.core.search import search_text
from server.core.text import digits_of, fold, fold_key
from server.modules.notifications.service import enqueue_mail
from server.modules.patients import signals
from server.modules.patients.enums import PatientStatus, StopReason
from server.modules.patients.models import MedicalHistory, Patient
from server.modules.patients.policies import Perm
from server.modules.patients.queries.people import Found, in_scope, likely_duplicates, own_patient_id
from server.modules.patients.schemas.patient import PatientCard
from server.modules.patients.service import care
from server.modules.users.models import User

# What a role that sees only identity cards may write of a walk-in customer.
IDENTITY_AND_CONTACT = frozenset({"id", "first_name", "last_name", "date_of_birth", "sex", "phone", "email", "address"})
# What patients may change of themselves; names, birth date and sex are changed by staff.
OWN_FIELDS = frozenset({"preferred_name", "phone", "email", "address", "language"})
# What only those write who see every patient: whether somebody may be registered twice.
DESK_FIELDS = frozenset({"possible_duplicate"})
EMAIL_REPLACED_MAIL = "patient_email_replaced"
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


class GlassReadsAndAddsOnly(Forbidden):
    """Breaking the glass lets you read this chart and add to it, nothing else."""

    code = "glass_reads_and_adds_only"


class AlreadyHasChart(Conflict):
    """This account has a chart already."""

    code = "already_has_chart"


on_violation("uq_patients_user_id", AlreadyHasChart)


def register(*, actor: Actor | None, confirm_new: bool = False, **fields: Any) -> Patient:
    """Register a patient unless a likely duplicate stands in the way; a registering clinician joins the care team."""
    if actor is not None:
        _require_registering(actor, fields)
    patient = _drafted(actor, fields)
    candidates = _candidates(patient)
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


def register_oneself(*, user_id: uuid.UUID, actor: Actor | None = None, **fields: Any) -> Patient:
    """Make the chart of a user who is a patient; a likely duplicate is marked for staff and shown to nobody."""
    patient = _drafted(actor, fields)
    patient.user_id, patient.registered_by = user_id, user_id
    patient.possible_duplicate = bool(_candidates(patient))
    add(patient)
    signals.registered.send(patient=patient, actor=actor)
    return patient


def make_own_profile(*, actor: Actor, **fields: Any) -> Patient:
    """Make one's own chart, as a user of role patient who has none."""
    if Scope.OWN not in actor.scopes(Perm.REGISTER):
        raise Forbidden("Only users of role patient make their own profile.")
    if own_patient_id(db.session.connection(), actor) is not None:
        raise AlreadyHasChart
    return register_oneself(user_id=actor.user_id, actor=actor, **fields)


def _drafted(actor: Actor | None, fields: dict[str, Any]) -> Patient:
    """Return a new patient, not yet stored.

    The MRN is drawn first: its counter stays locked, so of two who register one person at once the second sees the
    first.
    """
    number = next_number(db.session.connection(), "patients.mrn")
    patient = Patient(number=number, mrn=mrn_of(number), registered_by=actor.user_id if actor else None)
    if fields.get("id"):
        patient.id = fields.pop("id")
    write(patient, fields)
    _check_doctor(patient, None)
    return patient


def _candidates(patient: Patient) -> list[Row[Any]]:
    return likely_duplicates(
        db.session.connection(),
        _CARD,
        first_name=patient.first_name,
        last_name=patient.last_name,
        date_of_birth=patient.date_of_birth,
        phone=patient.phone,
        email_key=patient.email_key,
    )


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
    """Change demographics, a death included; patients change their own contact data, language and preferred name."""
    connection = db.session.connection()
    found = in_scope(connection, actor, Perm.UPDATE, patient_id)
    if found is None:
        raise NotFound
    trails.current().about(patient_id, patient_id=patient_id)
    if found.way.is_by_glass:
        raise GlassReadsAndAddsOnly
    patient = db.session.get_one(Patient, patient_id, with_for_update=True)
    if patient.merged_into_id is not None:
        raise NotFound
    patient.require(expected)
    if Scope.ALL not in actor.scopes(Perm.UPDATE):
        _forbid(changes.keys() & DESK_FIELDS)  # whatever the value: a refusal must not tell which one stands
    if found.user_id == actor.user_id:
        if Scope.OWN not in actor.scopes(Perm.UPDATE):
            raise OwnRecord
        _forbid({name for name in changes if name not in OWN_FIELDS and _differs(patient, name, changes[name])})
    has_died = _is_death(patient, changes)
    former, former_key, former_doctor_id = patient.email, patient.email_key, patient.primary_doctor_id
    judged_by = patient.date_of_birth, patient.sex
    write(patient, changes)
    _check_doctor(patient, former_doctor_id)
    if former and patient.email_key != former_key and found.user_id != actor.user_id:
        _tell_former_address(patient, former)
    if has_died:
        patient.status = PatientStatus.DECEASED
    db.session.flush()
    tell_corrected(patient, judged_by)
    if has_died:
        signals.stopped.send(patient=patient, actor=actor, reason=StopReason.DECEASED)
    return patient


def tell_corrected(patient: Patient, judged_by: tuple[date, str]) -> None:
    """Have what was judged by the former birth date or sex judged anew."""
    if (patient.date_of_birth, patient.sex) != judged_by:
        signals.corrected.send(patient=patient)


def _check_doctor(patient: Patient, former_id: uuid.UUID | None) -> None:
    """Have another primary doctor than the former one checked; who has stopped since stays where they were named."""
    if patient.primary_doctor_id not in (None, former_id):
        signals.primary_doctor_named.send(patient=patient)


def _tell_former_address(patient: Patient, former: str) -> None:
    """Mail the address that somebody else than the patient has replaced: it is the way to the patient's account."""
    enqueue_mail(
        kind=EMAIL_REPLACED_MAIL,
        subject_id=patient.id,
        dedupe_key=f"{EMAIL_REPLACED_MAIL}:{new_id()}",
        details={"email": former},
    )


def _differs(patient: Patient, name: str, value: Any) -> bool:
    return bool(getattr(patient, name) != value)


def _is_death(patient: Patient, changes: dict[str, Any]) -> bool:
    """Take the status out of the changes; return whether they say that a patient who lived has died."""
    asked = changes.pop("status", patient.status)
    if asked not in (patient.status, PatientStatus.DECEASED):
        raise refused("status", why="DELETE deactivates, .../reactivate brings back, .../merge merges; here: deceased.")
    died_on = changes.get("deceased_on", patient.deceased_on)
    born_on = changes.get("date_of_birth", patient.date_of_birth)
    if died_on is not None and died_on < born_on:
        raise refused("deceased_on", why="Must not be before date_of_birth.")
    if patient.status == PatientStatus.DECEASED or (asked != PatientStatus.DECEASED and died_on is None):
        return False
    if patient.status == PatientStatus.MERGED:
        raise PatientMerged
    return True


def deactivate(*, actor: Actor, patient_id: uuid.UUID, expected: Expected = ANY_VERSION) -> None:
    """Take a patient out of the lists; the history stays. Again, it changes nothing."""
    patient = _to_decide_on(actor, patient_id)
    if patient.status == PatientStatus.INACTIVE:
        return
    require_living(patient)
    patient.require(expected)
    patient.status = PatientStatus.INACTIVE
    db.session.flush()
    signals.stopped.send(patient=patient, actor=actor, reason=StopReason.INACTIVE)


def reactivate(*, actor: Actor, patient_id: uuid.UUID) -> Patient:
    """Undo a deactivation or a wrong death; what was stopped stays stopped. Again, it changes nothing."""
    patient = _to_decide_on(actor, patient_id)
    if patient.status == PatientStatus.MERGED:
        raise PatientMerged
    patient.status, patient.deceased_on = PatientStatus.ACTIVE, None
    db.session.flush()
    return patient


def _to_decide_on(actor: Actor, patient_id: uuid.UUID) -> Patient:
    """Return a patient, locked, whom the actor may deactivate."""
    if in_scope(db.session.connection(), actor, Perm.DEACTIVATE, patient_id) is None:
        raise NotFound
    trails.current().about(patient_id, patient_id=patient_id)
    return db.session.get_one(Patient, patient_id, with_for_update=True)


def hold(patient_id: uuid.UUID) -> None:
    """Have a merge wait until the unit of work ends; raise `NotFound` where one has come before."""
    stmt = select(Patient.merged_into_id).where(Patient.id == patient_id).with_for_update()
    if db.session.scalar(stmt) is not None:
        raise NotFound


def keep_closed_with_merged_chart(_sender: object, *, user: User) -> None:
    """Refuse to open the account of a chart that was merged into another; taking the merge back opens it."""
    of_user = (Patient.user_id == user.id, Patient.status == PatientStatus.MERGED)
    if db.session.scalar(select(Patient.id).where(*of_user)) is not None:
        raise PatientMerged("The chart of this account was merged into another; taking the merge back opens it.")


def require_living(patient: Patient | Found) -> None:
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
    for name, key in keys_of(patient).items():
        setattr(patient, name, key)


def keys_of(patient: Patient | Row[Any]) -> dict[str, str | None]:
    """Return the columns that are made of a patient's others, so that the patient is found."""
    search, card = searched(patient)
    return {
        "last_name_key": fold_key(patient.last_name),
        "first_name_key": fold_key(patient.first_name),
        "email_key": normal_form(patient.email) if patient.email else None,
        "city_key": fold_key(patient.address_city) if patient.address_city else None,
        "search_text": search,
        "card_text": card,
    }


def _write_address(patient: Patient, address: Mapping[str, Any] | None) -> None:
    parts = ("line1", "line2", "city", "state", "postal_code", "country")
    given = address if address is not None else dict.fromkeys(parts)
    for part in parts:
        if part in given:
            setattr(patient, f"address_{part}", given[part])


def searched(patient: Patient | Row[Any]) -> tuple[str, str]:
    """Return the folded text in which a patient is searched, and the part of it that the identity card shows.

    The card has first and last name, MRN, birth date and phone digits; the rest are other names, the e-mail, and by
    what those were found who were merged into this patient.
    """
    country = state.settings().clinic_country
    on_card = [
        *(fold(name) for name in (patient.last_name, patient.first_name)),
        fold(patient.mrn),
        [digits_of(patient.mrn), patient.date_of_birth.strftime("%Y%m%d")],
        phone_search_words(patient.phone, country) if patient.phone else [],
    ]
    beside = (patient.middle_name, patient.preferred_name, patient.maiden_name, patient.email)
    aliases = (patient.alias_text or "").split()
    return search_text(*on_card, *(fold(text) for text in beside if text), aliases), search_text(*on_card)


def aliases_of(patient: Patient | Row[Any]) -> list[str]:
    """Return the folded names and numbers by which a patient is known, to be found under them after a merge."""
    names = (patient.last_name, patient.first_name, patient.middle_name, patient.preferred_name, patient.maiden_name)
    words = [word for name in (*names, patient.mrn) if name for word in fold(name)]
    return [*words, digits_of(patient.mrn), *(patient.alias_text or "").split()]

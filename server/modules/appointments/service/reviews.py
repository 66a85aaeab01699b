"""Rules of reviews: one for each completed appointment, by its patient alone; a doctor's rating is always their sum.

Whoever writes, changes, hides or deletes a review first locks the doctor's row, so the rating is counted by one at a
time and in the transaction of its cause.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from server.core import clock, trail as trails
from server.core.access import Actor, Scope
from server.core.columns import ANY_VERSION, Expected
from server.core.db import db
from server.core.errors import Conflict, Forbidden, NotFound, refused
from server.modules.appointments.enums import Status
from server.modules.appointments.models import Review
from server.modules.appointments.models.reviews import AlreadyReviewed
from server.modules.appointments.policies import Perm
from server.modules.appointments.queries import reviews as queries
from server.modules.doctors.models import Doctor
from server.modules.doctors.service import ratings
from server.modules.patients.queries.people import own_patient_id
from server.modules.patients.service import people
from server.modules.patients.service.people import FieldNotAllowed

MODERATED = frozenset({"hidden", "reason"})


class NoCompletedAppointment(Conflict):
    """Only a completed appointment can be reviewed."""

    code = "no_completed_appointment"


class ReviewHidden(Conflict):
    """A review that was hidden stays on record."""

    code = "review_hidden"


def write(*, actor: Actor, doctor_id: uuid.UUID, appointment_id: uuid.UUID | None = None, **fields: Any) -> Review:
    """Review a completed appointment of one's own chart: the one named, or the latest without a review."""
    if _locked_doctor(doctor_id) == actor.user_id:
        raise Forbidden("Nobody reviews themselves.")
    patient_id = _own_chart(actor)
    visited = _to_review(doctor_id, patient_id, appointment_id)
    review = Review(doctor_id=doctor_id, patient_id=patient_id, appointment_id=visited, **fields)
    db.session.add(review)
    db.session.flush()
    _count(doctor_id)
    trails.current().about(review.id, patient_id=patient_id)
    return review


def change(
    *, actor: Actor, doctor_id: uuid.UUID, review_id: uuid.UUID, expected: Expected = ANY_VERSION, **changes: Any
) -> Review:
    """Change one's own review, or hide or show anybody's as a moderator."""
    review = _in_reach(actor, doctor_id, review_id)
    if review is None:
        raise NotFound
    _require_allowed(actor, review, changes)
    review.require(expected)
    if MODERATED & changes.keys():
        _moderate(actor, review, changes)
    for name in changes.keys() - MODERATED:
        setattr(review, name, changes[name])
    db.session.flush()
    _count(doctor_id)
    return review


def delete(*, actor: Actor, doctor_id: uuid.UUID, review_id: uuid.UUID, expected: Expected = ANY_VERSION) -> None:
    """Take one's own review back; the visit may then be reviewed anew. Again, it changes nothing."""
    review = _in_reach(actor, doctor_id, review_id)
    if review is None:
        return
    _require_allowed(actor, review, {"rating": None})
    review.require(expected)
    if review.hidden_at is not None:
        raise ReviewHidden
    db.session.delete(review)
    db.session.flush()
    _count(doctor_id)


def _own_chart(actor: Actor) -> uuid.UUID:
    """Return the actor's own chart, kept from a merge until the unit of work ends."""
    patient_id = own_patient_id(db.session.connection(), actor)
    if patient_id is None or Scope.OWN not in actor.scopes(Perm.REVIEWS_WRITE):
        raise NoCompletedAppointment
    people.hold(patient_id)
    return patient_id


def _locked_doctor(doctor_id: uuid.UUID) -> uuid.UUID | None:
    """Return whose account a doctor's is; the row is locked before that of any patient, as bookings lock them."""
    stmt = select(Doctor.id, Doctor.user_id).where(Doctor.id == doctor_id).with_for_update(key_share=True)
    found = db.session.execute(stmt).first()
    if found is None:
        raise NotFound
    user_id: uuid.UUID | None = found.user_id
    return user_id


def _to_review(doctor_id: uuid.UUID, patient_id: uuid.UUID, appointment_id: uuid.UUID | None) -> uuid.UUID:
    found = queries.completed(
        db.session.connection(), doctor_id=doctor_id, patient_id=patient_id, appointment_id=appointment_id
    )
    if appointment_id is not None and not found:
        raise NotFound
    finished = [row for row in found if row.status == Status.COMPLETED]
    if not finished:
        raise NoCompletedAppointment
    chosen: uuid.UUID | None = next((row.id for row in finished if row.review_id is None), None)
    if chosen is None:
        raise AlreadyReviewed
    return chosen


def _in_reach(actor: Actor, doctor_id: uuid.UUID, review_id: uuid.UUID) -> Review | None:
    """Return a review, locked with its doctor, or None where there is none; somebody else's raises `NotFound`."""
    _locked_doctor(doctor_id)
    review = db.session.scalar(select(Review).where(Review.id == review_id, Review.doctor_id == doctor_id))
    if review is None:
        return None
    trails.current().about(review.id, patient_id=review.patient_id)
    if not (_is_author(actor, review) or actor.can(Perm.REVIEWS_MODERATE)):
        raise NotFound
    return review


def _is_author(actor: Actor, review: Review) -> bool:
    own = own_patient_id(db.session.connection(), actor)
    return actor.can(Perm.REVIEWS_WRITE) and review.patient_id == own


def _require_allowed(actor: Actor, review: Review, changes: dict[str, Any]) -> None:
    """Raise where a moderator rewrites what somebody said, or an author decides whether it is shown."""
    forbidden = changes.keys() & MODERATED if not actor.can(Perm.REVIEWS_MODERATE) else set()
    if not _is_author(actor, review):
        forbidden = forbidden | (changes.keys() - MODERATED)
    if forbidden:
        why = FieldNotAllowed.default_message()
        raise FieldNotAllowed(errors={name: [why] for name in sorted(forbidden)})


def _moderate(actor: Actor, review: Review, changes: dict[str, Any]) -> None:
    if changes.get("hidden", review.hidden_at is not None):
        reason = changes.get("reason", review.hidden_reason)
        if reason is None:
            raise refused("reason", why="Say why this review is hidden.")
        review.hidden_at = review.hidden_at or clock.now()
        review.hidden_by, review.hidden_reason = actor.user_id, reason
    elif "reason" in changes:
        raise refused("reason", why="A reason is for hiding only.")
    else:
        review.hidden_at = review.hidden_by = review.hidden_reason = None


def _count(doctor_id: uuid.UUID) -> None:
    """Have the doctor's rating be that of the reviews that are shown; the doctor is locked already."""
    count, total = queries.count_and_total(db.session.connection(), doctor_id)
    ratings.set_rating(doctor_id=doctor_id, count=count, total=total)

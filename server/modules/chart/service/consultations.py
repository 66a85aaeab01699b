"""Save a whole consultation: the visit and what every room keeps of it, all or nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError

from server.core import trail as trails
from server.core.access import Actor
from server.core.columns import Expected
from server.core.constraints import domain_error
from server.core.errors import DomainError
from server.modules.patients.service.people import GlassReadsAndAddsOnly
from server.modules.visits.enums import VisitStatus
from server.modules.visits.models import Visit
from server.modules.visits.parts import Part, Sitting, parts
from server.modules.visits.service import steps, writing
from server.modules.visits.service.gate import VisitClosed

_DIAGNOSES = "diagnoses"
# What an audit row says of the one object that it is about.
_OF_OBJECT = ("version_before", "version_after", "values_before", "values_after")


@dataclass(frozen=True, slots=True)
class Saved:
    """What was stored of one part."""

    part: Part
    ids: Sequence[uuid.UUID]


@dataclass(frozen=True, slots=True)
class Consultation:
    """A consultation that is stored: at which visit, and what of each part."""

    sitting: Sitting
    saved: Sequence[Saved]


def save(
    *, actor: Actor, visit_id: uuid.UUID, expected: Expected, adds_only: bool, sent: Mapping[str, Any]
) -> Consultation:
    """Save what was sent of a consultation at an open visit; a refusal names the path of what it is about.

    What stands of the visit is rewritten by who has read it: `expected` says which version that was. Who `adds_only`
    rewrites nothing.
    """
    visit = steps.locked_alone(visit_id)
    if visit.status != VisitStatus.OPEN:
        raise VisitClosed
    _write(visit, actor, expected, sent, adds_only=adds_only)
    sitting = Sitting(actor, visit.patient_id, visit_id, visit.doctor_id)
    trail = trails.current()
    of_visit = {name: copy(getattr(trail, name)) for name in _OF_OBJECT}
    saved = [_save(one, sitting, sent) for one in parts()]
    # The row of the audit log is about the visit, whatever its parts have said of themselves.
    trail.about(visit_id, patient_id=visit.patient_id)
    vars(trail).update(of_visit)
    trail.listed(found for one in saved for found in one.ids)
    return Consultation(sitting, saved)


def _write(visit: Visit, actor: Actor, expected: Expected, sent: Mapping[str, Any], *, adds_only: bool) -> None:
    changes = dict(sent.get("visit") or {})
    expected = expected.agreeing_with(changes.pop("version", None))
    if sent.get(_DIAGNOSES):
        changes[_DIAGNOSES] = sent[_DIAGNOSES]
    is_rewritten = writing.rewrites(visit, **changes)
    if is_rewritten and adds_only:
        raise GlassReadsAndAddsOnly
    visit.require(Expected(expected.version, required=is_rewritten))
    if changes:
        with _blaming("visit"):
            writing.write(visit, actor=actor, **changes)


def _save(part: Part, sitting: Sitting, sent: Mapping[str, Any]) -> Saved:
    entries = sent.get(part.name)
    if not entries:
        return Saved(part, [])
    sitting.actor.require(part.permission)
    if not part.is_list:
        with _blaming(part.name):
            return Saved(part, [part.save(sitting, entries)])
    ids = []
    for number, entry in enumerate(entries):
        with _blaming(f"{part.name}.{number}"):
            ids.append(part.save(sitting, entry))
    return Saved(part, ids)


@contextmanager
def _blaming(path: str) -> Iterator[None]:
    """Have a refusal name its fields by their path in the whole."""
    try:
        yield
    except DomainError as refusal:
        _put_below(path, refusal)
        raise
    except IntegrityError as violation:
        foreseen = domain_error(violation)
        if foreseen is None:
            raise
        _put_below(path, foreseen)
        raise foreseen from violation


def _put_below(path: str, refusal: DomainError) -> None:
    named = refusal.errors or {"": [refusal.message]}
    refusal.errors = {f"{path}.{name}" if name else path: why for name, why in named.items()}

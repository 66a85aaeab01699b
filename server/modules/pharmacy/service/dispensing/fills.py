"""Which fill of an item it is now, how much is left of it, and from when on it is not too early."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from server.core import clock
from server.core.db import db
from server.modules.prescriptions.enums import DispenseStatus
from server.modules.prescriptions.models import Dispense, PrescriptionItem
from server.modules.prescriptions.service.refusals import NotFillable

_LIVE = (DispenseStatus.PREPARED, DispenseStatus.FILLED)
# So much of the days of a fill is over before the next one.
_USED = 0.75


@dataclass(frozen=True, slots=True)
class Fill:
    """A fill of an item: the first is 1, each refill one more. `left` of it is neither handed out nor laid ready."""

    number: int
    left: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """An item of a prescription with what was handed out and is laid ready of it, in the order of time."""

    item: PrescriptionItem
    live: Sequence[Dispense]

    @property
    def prepared(self) -> list[Dispense]:
        """What is laid ready of it."""
        return [one for one in self.live if one.status == DispenseStatus.PREPARED]

    @property
    def fills(self) -> int:
        """How many fills it has, refills included."""
        return 1 + self.item.refills_allowed

    @property
    def quantity(self) -> int:
        """How much each fill is; raise `NotFillable` where nobody has said it."""
        if self.item.quantity is None:
            raise NotFillable
        return self.item.quantity

    def current(self) -> Fill | None:
        """Return the fill of which something is left, the first before the others; None where none is."""
        for number in range(1, self.fills + 1):
            left = self.quantity - sum(one.quantity for one in self.live if one.fill_number == number)
            if left > 0:
                return Fill(number, left, is_last=number == self.fills)
        return None

    def too_early_until(self) -> date | None:
        """Return the day from which on what is to be handed out now is not too early; None where that is no matter.

        A fill that was begun is handed out to its end at any time, and nobody knows when one without days is used up.
        """
        given = [one for one in self.live if one.status == DispenseStatus.FILLED]
        waiting = min((one.fill_number for one in self.prepared), default=None)
        now = self.current() if waiting is None else None
        number = waiting if now is None else now.number
        days = self.item.duration_days
        if number is None or days is None or not given or any(one.fill_number == number for one in given):
            return None
        last = max(one.fill_number for one in given)
        return _lasts_until((one for one in given if one.fill_number == last), days, self.quantity)


def _lasts_until(parts: Iterable[Dispense], days: int, quantity: int) -> date:
    """Return when three quarters of a fill are used up whose parts were handed out one after the other."""
    end = 0.0
    for part in parts:
        end = max(end, float(_day_of(part).toordinal())) + days * part.quantity / quantity
    return date.fromordinal(math.ceil(end - days * (1 - _USED) - 1e-9))


def _day_of(dispense: Dispense) -> date:
    return (dispense.filled_at or dispense.created_at).astimezone(clock.clinic_zone()).date()


def filled_items(prescription_id: uuid.UUID) -> list[Filled]:
    """Return the items of a prescription, which is held, in their order."""
    items = select(PrescriptionItem).where(PrescriptionItem.prescription_id == prescription_id)
    live = select(Dispense).where(Dispense.prescription_id == prescription_id, Dispense.status.in_(_LIVE))
    anew = {"populate_existing": True}
    dispenses = db.session.scalars(live.order_by(Dispense.id).with_for_update().execution_options(**anew)).all()
    found = db.session.scalars(items.order_by(PrescriptionItem.position).execution_options(**anew))
    return [Filled(item, [one for one in dispenses if one.item_id == item.id]) for item in found]

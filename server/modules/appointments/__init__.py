"""Appointments: hours, free times, bookings that cannot overlap, the day's board, waiting list, reviews and feeds."""

import uuid
from collections.abc import Sequence
from datetime import date

from flask import Flask
from sqlalchemy import Connection

from server.core import idempotency
from server.modules.appointments import mails, models as _tables, policies, signals, tasks  # noqa: F401 - tables are known
from server.modules.appointments.queries import appointments, series, shown, slots, waiting as entries
from server.modules.appointments.service import (
    doors,
    feeds,
    hours,
    merge_resolvers,
    notices,
    offers,
    own_time,
    primary_doctor,
    relations,
    stopping,
    stranded,
    waiting,
)
from server.modules.doctors import signals as of_doctors
from server.modules.doctors.queries.search import filter_by_availability
from server.modules.patients import signals as of_patients
from server.modules.users import signals as of_users


def init_module(app: Flask) -> None:
    """Grant the permissions of this module."""
    app.extensions["grid"].add(policies.GRANTS)
    policies.install()
    shown.install()
    merge_resolvers.install()
    idempotency.check_scope_with("appointment", appointments.require_visible)
    idempotency.check_scope_with("appointment_series", series.require_visible)
    signals.booked.connect(notices.tell_booked)
    signals.moved.connect(notices.tell_moved)
    signals.cancelled.connect(notices.tell_cancelled)
    signals.freed.connect(offers.offer_freed)
    of_patients.stopped.connect(waiting.close_for)
    idempotency.check_scope_with("waitlist_entry", entries.require_visible)
    mails.install()
    tasks.install(app)
    of_users.deactivated.connect(feeds.on_deactivated)
    of_patients.stopped.connect(stopping.on_patient_stopped)
    of_patients.unmerged.connect(own_time.on_unmerged)
    of_patients.primary_doctor_named.connect(primary_doctor.require_active)
    of_doctors.deactivating.connect(stopping.on_doctor_deactivating)
    of_doctors.deactivating.connect(offers.take_back_from)
    of_doctors.account_changed.connect(relations.follow_account)
    of_doctors.clock_changing.connect(stranded.keep_clock)
    of_doctors.holiday_added.connect(hours.close_on_holiday)
    filter_by_availability(_free_for_patients)


def _free_for_patients(connection: Connection, day: date, doctor_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    return slots.free_among(connection, day, doctor_ids, doors.patient_door())

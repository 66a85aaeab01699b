"""Free times against an oracle that goes minute by minute, for any hours, leave, buffers, bookings and clocks."""

import random
import uuid
from bisect import bisect_left
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from server.modules.appointments.calendar.facts import DateHours, Door, Facts, Hours, Taken, WeeklyHours
from server.modules.appointments.calendar.judge import judge
from server.modules.appointments.calendar.slots import TakenTime, free_slots
from server.modules.appointments.calendar.spans import spans
from tests.factories.calendar import make_doctor, open_hours, take_leave, written
from tests.factories.people import API, make_patient, signed_in

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

# A zone and a day about which its clocks do something, or nothing.
PLACES = [
    ("America/New_York", date(2027, 3, 14)),
    ("America/New_York", date(2027, 11, 7)),
    ("Europe/Berlin", date(2027, 3, 28)),
    ("Europe/Berlin", date(2027, 10, 31)),
    ("Asia/Kolkata", date(2027, 6, 1)),
    ("Australia/Lord_Howe", date(2027, 10, 3)),
    ("Australia/Lord_Howe", date(2027, 4, 4)),
    ("America/Santiago", date(2027, 9, 5)),
    ("Atlantic/Azores", date(2027, 10, 31)),
    ("Pacific/Apia", date(2011, 12, 30)),
]

hours = st.builds(
    Hours,
    start_minute=st.integers(0, 95).map(lambda quarter: quarter * 15),
    end_minute=st.integers(0, 95).map(lambda quarter: quarter * 15),
    slot_minutes=st.sampled_from([10, 15, 20, 30, 45, 60, 90]),
    buffer_before=st.sampled_from([0, 0, 5, 15, 120]),
    buffer_after=st.sampled_from([0, 0, 10, 30]),
    capacity=st.integers(1, 3),
)


@st.composite
def days(draw):
    """Draw what is known of a doctor around a day, and by whose rules and for how long one asks."""
    name, day = draw(st.sampled_from(PLACES))
    zone = ZoneInfo(name)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    moments = st.integers(-1800, 1800).map(lambda minutes: noon + minutes * MINUTE)
    lengths = st.integers(1, 90).map(lambda fives: fives * 5 * MINUTE)
    near = st.integers(-2, 2).map(lambda number: day + number * DAY)
    weekly = draw(
        st.lists(st.builds(WeeklyHours, near.map(date.weekday), hours, st.none() | near, st.none() | near), max_size=4)
    )
    weekly += [WeeklyHours(one, draw(hours)) for one in range(7)] if draw(st.booleans()) else []
    dates = draw(
        st.lists(
            st.builds(DateHours, near, st.just("extra"), st.tuples(hours))
            | st.builds(DateHours, near, st.just("replace"), st.tuples(hours, hours))
            | st.builds(DateHours, near, st.just("closed"), st.just(())),
            max_size=3,
        )
    )
    leave = [(since, since + draw(lengths)) for since in draw(st.lists(moments, max_size=2))]
    taken = [
        Taken(uuid.uuid4(), draw(st.integers(0, 3)), since, since + draw(lengths))
        for since in draw(st.lists(moments, max_size=8))
    ]
    facts = Facts(
        doctor_id=uuid.uuid4(), user_id=None, name="Doc", is_active=True, zone=zone,
        default_minutes=draw(st.sampled_from([None, 20, 30, 60])), calendar_version=1, weekly=weekly, dates=dates,
        leave=leave, holidays=frozenset(draw(st.lists(near, max_size=1))), taken=taken,
    )  # fmt: skip
    now = noon - draw(st.sampled_from([DAY, timedelta(hours=6), timedelta(hours=-6)]))
    door = Door(now, draw(st.sampled_from([0, 60])), draw(st.sampled_from([1, 180])), draw(st.booleans()))
    return facts, noon - DAY, noon + DAY, draw(st.sampled_from([None, None, 30, 60, 50])), door


# The oracle: what a patient person with a clock and a sheet of paper would do


@cache
def clock_of(zone, first):
    """Return, for each minute of some days, what the wall clock shows, and the latest time that it has shown so far."""
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC) - 6 * DAY
    minutes = [begin + number * MINUTE for number in range(12 * 24 * 60)]
    walls = [minute.astimezone(zone).replace(tzinfo=None) for minute in minutes]
    return minutes, walls, list(accumulate(walls, max))


def reached(shown, day, minute):
    """Return the first minute at which the wall clock shows this time of that day, or a later one."""
    minutes, _, latest = shown
    wanted = datetime(day.year, day.month, day.day) + minute * MINUTE  # noqa: DTZ001 -- a wall clock has no zone
    return minutes[bisect_left(latest, wanted)]


def opened(facts, shown, day):
    own = [entry for entry in facts.dates if entry.held_on == day]
    found = [one for entry in own for one in entry.hours]
    if not any(entry.kind in ("replace", "closed") for entry in own):
        for entry in facts.weekly:
            is_valid = (entry.valid_from or day) <= day <= (entry.valid_to or day)
            found += [entry.hours] if entry.weekday == day.weekday() and is_valid else []
    for one in found:
        ends_on = day if one.end_minute > one.start_minute else day + DAY
        yield reached(shown, day, one.start_minute), reached(shown, ends_on, one.end_minute), one


def oracle(facts, since, until, minutes, door):
    """Return {start: (end, remaining)} by looking at each minute of each visit."""
    middle = (since + (until - since) / 2).date()
    shown = clock_of(facts.zone, middle)
    date_at = dict(zip(shown[0], (wall.date() for wall in shown[1]), strict=True))
    laid = [one for number in range(-3, 4) for one in opened(facts, shown, middle + number * DAY)]
    capacities = defaultdict(int)
    for begin, end, one in laid:
        for number in range((end - begin) // MINUTE):
            at = begin + number * MINUTE
            capacities[at] = max(capacities[at], one.capacity)
    wishes = defaultdict(list)
    for begin, end, one in laid:
        usual = facts.default_minutes
        length = minutes or (
            one.slot_minutes if usual is None or (door.on_grid and usual % one.slot_minutes) else usual
        )
        start = begin - one.slot_minutes * MINUTE
        while (start := start + one.slot_minutes * MINUTE) < end:
            visit = [start + number * MINUTE for number in range(length)]
            is_good = (
                since <= start < until
                and door.now + door.lead_minutes * MINUTE <= start <= door.now + door.horizon_days * DAY
                and not (door.on_grid and length % one.slot_minutes)
                and all(at in capacities for at in visit)
                and not any(date_at[at] in facts.holidays for at in visit)
                and not any(away <= at < back for at in visit for away, back in facts.leave)
            )
            if is_good:
                seats = min([one.capacity, *(capacities[at] for at in visit if at >= end)])
                preference = (seats, -one.buffer_before - one.buffer_after, -one.slot_minutes)
                wishes[start].append((preference, one, length))
    found = {}
    for start, offers in wishes.items():
        (seats, *_), one, length = max(offers, key=lambda offer: offer[0])
        busy_from, busy_to = start - one.buffer_before * MINUTE, start + (length + one.buffer_after) * MINUTE
        gone = {taken.seat for taken in facts.taken if taken.busy_from < busy_to and busy_from < taken.busy_to}
        if (left := seats - len(gone)) > 0:
            found[start] = (start + length * MINUTE, left)
    return found


@given(days())
@settings(max_examples=150, deadline=None, database=None)
def test_what_is_listed_is_what_a_look_at_each_minute_finds(asked):
    facts, since, until, minutes, door = asked
    listed = {
        slot.starts_at: (slot.ends_at, slot.remaining)
        for slot in free_slots(facts, since, until, minutes=minutes, door=door)
    }
    assert listed == oracle(facts, since, until, minutes, door)


@given(days())
@settings(max_examples=150, deadline=None, database=None)
def test_what_is_listed_is_what_the_judge_lets_pass(asked):
    facts, since, until, minutes, door = asked
    listed = {slot.starts_at: slot for slot in free_slots(facts, since, until, minutes=minutes, door=door)}
    taken = TakenTime(facts.taken)
    for span in spans(facts, since.date() - 2 * DAY, until.date() + 2 * DAY):
        slot = timedelta(minutes=span.hours.slot_minutes)
        for number in range(-(-(span.ends_at - span.starts_at) // slot)):
            start = span.starts_at + number * slot
            if not since <= start < until:
                continue
            verdict = judge(facts, start, ends_at=None, minutes=minutes, door=door)
            busy_to = verdict.ends_at + verdict.buffer_after * MINUTE
            left = taken.seats_left(verdict.capacity, start - verdict.buffer_before * MINUTE, busy_to)
            if start in listed:
                assert verdict.reasons == ()
                assert (listed[start].ends_at, listed[start].remaining) == (
                    verdict.ends_at,
                    left,
                )
                again = judge(facts, start, ends_at=verdict.ends_at, minutes=None, door=door)
                assert again.reasons == ()
            elif door.on_grid:
                assert verdict.reasons or not left


# The same over HTTP


@pytest.mark.parametrize("seed", range(3))
def test_each_time_listed_is_booked_and_no_other(app, clock, seed):
    """By a patient, on days of random hours; each booking is taken back before the next."""
    draw = random.Random(seed)
    zone = ["Europe/Berlin", "America/New_York", "Asia/Kolkata"][seed]
    clock.move_to(datetime(2026, 3, 4, 6, tzinfo=UTC))
    doctor = make_doctor(app, timezone=zone, default_duration_minutes=draw.choice([None, 60]))
    slot = draw.choice([20, 30])
    for start, end in (("01:00", "04:00"), ("22:30", "00:30"), ("10:00", "12:00")):
        open_hours(
            app, doctor.id, start=start, end=end, slot_minutes=slot, capacity=draw.randint(1, 2),
            buffer_before=draw.choice([0, 10]), buffer_after=draw.choice([0, 15]),
        )  # fmt: skip
    begin = datetime(2026, 3, 7, 23, tzinfo=UTC)
    away = begin + timedelta(minutes=draw.randrange(0, 1440, 5))
    take_leave(app, doctor.id, away, away + timedelta(minutes=70))
    desk, patient = signed_in(app, "receptionist"), signed_in(app, "patient")
    make_patient(app, user_id=patient.user.id)
    query = {"from": written(begin), "to": written(begin + DAY)}
    path = f"{API}/doctors/{doctor.id}/availability/slots"

    def listed():
        answer = app.test_client().get(path, query_string=query)
        return {one["starts_at"]: one for one in answer.json["data"]}

    everything = listed()
    assert len(everything) > 5
    for start in draw.sample(sorted(everything), 3):
        body = {"doctor_id": str(doctor.id), "starts_at": start, "patient_id": str(make_patient(app).id)}
        desk.post("/appointments", json=body)  # some are in each other's way
    slots = listed()
    grid = {begin + number * 20 * MINUTE for number in range(3 * 24)}
    for start in sorted({*map(written, grid), *slots}):
        answer = patient.post("/appointments", json={"doctor_id": str(doctor.id), "starts_at": start})
        assert answer.status_code == (201 if start in slots else 409), (start, answer.text)
        if answer.status_code == 201:
            assert answer.json["data"]["ends_at"] == slots[start]["ends_at"]
            gone = patient.post(f"/appointments/{answer.json['data']['id']}/cancel", json={"reason": "Again"})
            assert gone.status_code == 200, gone.text
        else:
            assert answer.json["code"] in ("not_available", "slot_taken")
    assert listed() == slots

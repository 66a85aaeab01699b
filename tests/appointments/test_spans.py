"""Hours on the line of real time: days that clocks change, hours over midnight, hours of single dates."""

import time
import uuid
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.modules.appointments.calendar.facts import DateHours, Door, Facts, Hours, Taken, WeeklyHours
from server.modules.appointments.calendar.judge import judge
from server.modules.appointments.calendar.slots import free_slots
from server.modules.appointments.calendar.spans import closed, day_stretch, instant, spans
from server.modules.appointments.enums import Reason

NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")
KOLKATA, LORD_HOWE, APIA = ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")

LONG_AGO = Door(now=datetime(2000, 1, 1, tzinfo=UTC), lead_minutes=0, horizon_days=20_000, on_grid=True)


def minute(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def window(start, end, slot=30, **fields):
    return Hours(minute(start), minute(end), slot, **fields)


def facts(zone, *hours, **fields):
    weekly = [WeeklyHours(day, one) for day in range(7) for one in hours]
    defaults = {"user_id": None, "name": "Doc", "is_active": True, "default_minutes": None, "calendar_version": 0}
    return Facts(doctor_id=uuid.uuid4(), zone=zone, **{**defaults, "weekly": weekly, **fields})


def listed(known, day, *, minutes=None, door=LONG_AGO):
    since, until = day_stretch(known.zone, day)
    return free_slots(known, since, until, minutes=minutes, door=door)


def wall(slots):
    return [slot.local_start.strftime("%H:%M") for slot in slots]


def test_an_hour_that_clocks_leave_out_is_not_listed():
    slots = listed(facts(NEW_YORK, window("01:00", "04:00")), date(2027, 3, 14))
    assert wall(slots) == ["01:00", "01:30", "03:00", "03:30"]
    assert [slot.starts_at for slot in slots] == [
        datetime(2027, 3, 14, 6, tzinfo=UTC) + k * timedelta(minutes=30) for k in range(4)
    ]


def test_an_hour_that_comes_twice_is_listed_twice():
    slots = listed(facts(NEW_YORK, window("00:00", "03:00")), date(2027, 11, 7))
    assert wall(slots) == ["00:00", "00:30", "01:00", "01:30", "01:00", "01:30", "02:00", "02:30"]
    assert len({slot.starts_at for slot in slots}) == 8
    assert [slot.local_start.utcoffset() for slot in slots[2::2][:2]] == [timedelta(hours=-4), timedelta(hours=-5)]


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "count"),
    [
        (BERLIN, date(2027, 3, 28), "01:00", "04:00", 4),
        (BERLIN, date(2027, 10, 31), "01:00", "04:00", 8),
        (BERLIN, date(2027, 3, 28), "00:00", "00:00", 46),
        (BERLIN, date(2027, 10, 31), "00:00", "00:00", 50),
        (KOLKATA, date(2027, 3, 28), "01:00", "04:00", 6),
        (LORD_HOWE, date(2027, 10, 3), "01:00", "04:00", 5),
        (LORD_HOWE, date(2027, 4, 4), "01:00", "04:00", 7),
        (APIA, date(2011, 12, 30), "08:00", "12:00", 0),
        (APIA, date(2011, 12, 29), "22:00", "06:00", 4),
        (APIA, date(2011, 12, 31), "08:00", "12:00", 8),
    ],
)
def test_half_hours_of_a_day(zone, day, start, end, count):
    known = facts(zone, window(start, end))
    found = spans(known, day, day)
    assert sum((span.ends_at - span.starts_at) // timedelta(minutes=30) for span in found) == count


@pytest.mark.parametrize(("day", "count"), [(date(2027, 3, 13), 14), (date(2027, 11, 6), 18), (date(2027, 5, 1), 16)])
def test_hours_over_midnight_on_the_days_that_clocks_change(day, count):
    known = facts(NEW_YORK, window("22:00", "06:00"))
    [night] = spans(known, day, day)
    assert (night.ends_at - night.starts_at) / timedelta(minutes=30) == count
    assert night.ends_at.astimezone(NEW_YORK).strftime("%d %H:%M") == f"{day + timedelta(days=1):%d} 06:00"


def test_hours_of_the_evening_before_are_listed_in_the_morning():
    assert wall(listed(facts(BERLIN, window("23:00", "01:00")), date(2027, 5, 3))) == [
        "00:00",
        "00:30",
        "23:00",
        "23:30",
    ]


def test_a_time_in_a_gap_is_its_end_and_an_ambiguous_one_its_first():
    assert instant(NEW_YORK, date(2027, 3, 14), minute("02:30")) == datetime(2027, 3, 14, 7, tzinfo=UTC)
    assert instant(NEW_YORK, date(2027, 11, 7), minute("01:30")) == datetime(2027, 11, 7, 5, 30, tzinfo=UTC)
    assert instant(LORD_HOWE, date(2027, 10, 3), minute("02:10")) == datetime(2027, 10, 2, 15, 30, tzinfo=UTC)
    assert instant(APIA, date(2011, 12, 30), 0) == instant(APIA, date(2011, 12, 31), 0)


def test_a_gap_at_the_start_of_hours_moves_the_grid_to_its_end():
    assert wall(listed(facts(NEW_YORK, window("02:30", "04:30")), date(2027, 3, 14))) == ["03:00", "03:30", "04:00"]


def test_hours_of_a_date_go_before_those_of_the_week():
    day = date(2027, 5, 3)
    week = window("08:00", "10:00", 60)
    for kind, expected in (
        ("replace", ["14:00"]),
        ("extra", ["08:00", "09:00", "14:00"]),
        ("closed", []),
    ):
        hours = () if kind == "closed" else (window("14:00", "15:00", 60),)
        known = facts(BERLIN, week, dates=[DateHours(day, kind, hours)])
        assert wall(listed(known, day)) == expected
        assert wall(listed(known, day + timedelta(days=1))) == ["08:00", "09:00"]


def test_validity_counts_both_dates():
    first, last = date(2027, 5, 3), date(2027, 5, 4)
    known = facts(BERLIN, weekly=[WeeklyHours(day, window("08:00", "09:00", 60), first, last) for day in range(7)])
    days = [date(2027, 5, 2) + timedelta(days=number) for number in range(4)]
    assert [len(listed(known, day)) for day in days] == [0, 1, 1, 0]


def test_holidays_cut_hours_over_midnight_at_midnight():
    known = facts(BERLIN, window("22:00", "02:00", 60), holidays=frozenset({date(2027, 5, 3)}))
    assert wall(listed(known, date(2027, 5, 2))) == ["00:00", "01:00", "22:00", "23:00"]
    assert wall(listed(known, date(2027, 5, 3))) == []
    assert wall(listed(known, date(2027, 5, 4))) == ["00:00", "01:00", "22:00", "23:00"]


def test_leave_cuts_by_real_time():
    day = date(2027, 5, 3)
    leave = [(instant(BERLIN, day, minute("09:10")), instant(BERLIN, day, minute("10:00")))]
    known = facts(BERLIN, window("08:00", "11:00"), leave=leave)
    assert wall(listed(known, day)) == ["08:00", "08:30", "10:00", "10:30"]
    assert wall(listed(known, day, minutes=60)) == ["08:00", "10:00"]
    assert closed(known, day, day) == leave


def test_spans_that_touch_are_one_for_a_visit_across_them():
    day = date(2027, 5, 3)
    known = facts(BERLIN, window("08:00", "12:00", capacity=3), window("12:00", "16:00", capacity=2))
    slots = {slot.local_start.strftime("%H:%M"): slot.remaining for slot in listed(known, day, minutes=60)}
    assert (slots["11:00"], slots["11:30"], slots["12:00"]) == (3, 2, 2)
    assert "15:30" not in slots
    at = instant(BERLIN, day, minute("11:45"))
    staff = Door(LONG_AGO.now, 0, 20_000, on_grid=False)
    assert judge(known, at, ends_at=None, minutes=60, door=staff).reasons == ()
    assert judge(known, at, ends_at=None, minutes=60, door=LONG_AGO).reasons == (Reason.OFF_GRID,)
    apart = facts(BERLIN, window("08:00", "12:00"), window("12:05", "16:00"))
    assert judge(apart, at, ends_at=None, minutes=60, door=staff).reasons == (Reason.OUTSIDE_HOURS,)


def test_a_start_of_two_spans_is_listed_once_by_the_larger():
    day = date(2027, 5, 3)
    extra = DateHours(day, "extra", (window("09:00", "10:00", capacity=4, location="Room 2"),))
    known = facts(BERLIN, window("08:00", "11:00"), dates=[extra])
    assert [slot.remaining for slot in listed(known, day)] == [1, 1, 4, 4, 1, 1]
    verdict = judge(known, instant(BERLIN, day, 540), ends_at=None, minutes=None, door=LONG_AGO)
    assert (verdict.capacity, verdict.location) == (4, "Room 2")


def test_buffers_keep_bookings_apart_and_seats_are_counted():
    day = date(2027, 5, 3)
    known = facts(BERLIN, window("08:00", "11:00", capacity=2, buffer_before=5, buffer_after=10))
    at = instant(BERLIN, day, minute("09:00"))
    taken = [Taken(uuid.uuid4(), 0, at - timedelta(minutes=5), at + timedelta(minutes=40))]
    slots = listed(facts(BERLIN, weekly=known.weekly, taken=taken), day)
    assert dict(zip(wall(slots), (slot.remaining for slot in slots), strict=True)) == {
        "08:00": 2,
        "08:30": 1,
        "09:00": 1,
        "09:30": 1,
        "10:00": 2,
        "10:30": 2,
    }
    second = [*taken, Taken(uuid.uuid4(), 1, at, at + timedelta(minutes=30))]
    assert wall(listed(facts(BERLIN, weekly=known.weekly, taken=second), day)) == ["08:00", "10:00", "10:30"]


def test_the_usual_length_counts_on_the_grid_where_it_is_whole_slots():
    day = date(2027, 5, 3)
    at = instant(BERLIN, day, minute("08:00"))
    for usual, patients, staff in ((60, 60, 60), (45, 30, 45), (None, 30, 30)):
        known = facts(BERLIN, window("08:00", "10:00"), default_minutes=usual)
        for on_grid, expected in ((True, patients), (False, staff)):
            door = Door(LONG_AGO.now, 0, 20_000, on_grid)
            assert (listed(known, day, door=door)[0].ends_at - at) == timedelta(minutes=expected)
            assert judge(known, at, ends_at=None, minutes=None, door=door).ends_at - at == timedelta(minutes=expected)


def test_every_reason_is_told():
    day = date(2027, 5, 3)
    leave = [(instant(BERLIN, day, 0), instant(BERLIN, day, minute("12:00")))]
    known = facts(BERLIN, window("09:10", "10:00"), leave=leave, holidays=frozenset({day}), is_active=False)
    at = instant(BERLIN, day, minute("09:50"))

    def why(now, *, lead=60, start=at, minutes=30):
        door = Door(now, lead, 180, on_grid=True)
        return list(judge(known, start, ends_at=None, minutes=minutes, door=door).reasons)

    always = [Reason.DOCTOR_INACTIVE, Reason.HOLIDAY, Reason.TIME_OFF, Reason.OUTSIDE_HOURS]
    assert why(at - timedelta(hours=2)) == [*always, Reason.OFF_GRID]
    assert why(at + timedelta(hours=2)) == [Reason.DOCTOR_INACTIVE, Reason.IN_PAST, *always[1:], Reason.OFF_GRID]
    assert why(at - timedelta(minutes=59), start=at, minutes=10) == [
        Reason.DOCTOR_INACTIVE,
        Reason.TOO_SOON,
        Reason.HOLIDAY,
        Reason.TIME_OFF,
        Reason.OFF_GRID,
    ]
    assert Reason.TOO_SOON not in why(at - timedelta(minutes=60))
    assert Reason.TOO_FAR in why(at - timedelta(days=180, minutes=1))
    assert Reason.TOO_FAR not in why(at - timedelta(days=180))
    assert Reason.OFF_GRID not in why(at, start=at + timedelta(hours=5))


def test_a_month_is_listed_in_few_milliseconds():
    day = date(2027, 5, 3)
    start = instant(BERLIN, day, 480)
    taken = [
        Taken(uuid.uuid4(), 0, at, at + timedelta(minutes=30))
        for number in range(30)
        for at in [start + timedelta(days=number, minutes=60 * k) for k in range(8)]
    ]
    known = facts(BERLIN, window("08:00", "18:00"), taken=taken)
    best = 1.0
    for _ in range(5):
        begun = time.perf_counter()
        found = free_slots(known, start, start + timedelta(days=30), minutes=None, door=LONG_AGO)
        best = min(best, time.perf_counter() - begun)
    assert len(found) == 30 * 20 - 240
    assert best < 0.05

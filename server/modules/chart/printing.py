"""Lay out the printed summary of a visit: what a doctor hands to the patient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from server.core import clock, state
from server.core.pdf import Bold, Printout, paper_of
from server.core.people import full_name
from server.modules.appointments.enums import AppointmentType
from server.modules.chart.queries.visit_summary import Shown, VisitSummary
from server.modules.procedures.enums import ProcedureStatus
from server.modules.treatments.enums import TreatmentStatus
from server.modules.vaccines.enums import VaccineStatus
from server.modules.visits.enums import VisitStatus
from server.modules.vitals.enums import Flag, Kind

_NONE = "\N{EN DASH}"
# UCUM as people write it.
_UNITS = {
    "Cel": "°C",
    "[degF]": "°F",
    "mm[Hg]": "mmHg",
    "[lb_av]": "lb",
    "[in_i]": "in",
    "kg/m2": "kg/m²",
    "{score}": "of 10",
}
_KINDS = {
    Kind.SPO2: "Oxygen saturation",
    Kind.BMI: "Body mass index",
    Kind.SYSTOLIC: "Blood pressure",
    Kind.DIASTOLIC: "Blood pressure, diastolic",
}
_REMARKS = {
    VisitStatus.OPEN: "Preliminary: this visit is not completed.",
    VisitStatus.CANCELLED: "This visit was cancelled.",
    VisitStatus.ENTERED_IN_ERROR: "This visit was entered in error.",
}
_Named = Callable[[Mapping[str, Any]], str]
_PARTS = ("subjective", "objective", "assessment", "plan")
_SOONEST = 3
# In millimetres; most printers reach so far.
_NARROW = 12


def visit_pdf(summary: VisitSummary) -> bytes:
    """Return the summary of a visit as a PDF; narrower margins spare it a last page of a few lines where they can."""
    printout = _laid_out(summary)
    if printout.spills_over:
        narrower = _laid_out(summary, margin=_NARROW)
        if narrower.page_no() < printout.page_no():
            printout = narrower
    return printout.finished()


def _laid_out(summary: VisitSummary, **margins: float) -> Printout:
    """Write what the patient has to do first, then what was found and done."""
    visit, patient = summary.visit, summary.patient
    name = full_name(" ".join(filter(None, (patient.first_name, patient.middle_name))), patient.last_name)
    printout = Printout(
        title=f"Visit summary {visit['number']}",
        footer_text=f"{name} · {patient.mrn} · {visit['number']}",
        author=summary.clinic_name,
        paper=paper_of(state.settings().clinic_country),
        **margins,
    )
    clinic = summary.clinic
    printout.letterhead(summary.clinic_name, _contacts(clinic), clinic.letterhead)
    printout.headline(f"Visit summary {visit['number']}", _REMARKS.get(visit["status"], ""))
    printout.note(f"Printed {_moment(clock.now())}.")
    printout.ln(1)
    printout.pairs(_facts(summary, name))
    _say(printout, "Reason for the visit", visit["chief_complaint"])
    _diagnoses(printout, visit["diagnoses"])
    if visit["patient_instructions"]:
        printout.section("Instructions")
        printout.rich(visit["patient_instructions"])
    _what_follows(printout, summary)
    _vitals(printout, summary.vitals)
    _say(printout, "Notes on the visit", visit["notes"])
    for note in summary.notes:
        _note(printout, note, summary.named)
    _treatments(printout, summary.treatments)
    _procedures(printout, summary.procedures, summary.named)
    _vaccines(printout, summary.vaccines)
    _sources(printout, summary.vitals)
    return printout


def _contacts(clinic: Any) -> list[str]:
    address = clinic.address or {}
    place = " ".join(filter(None, (address.get("postal_code"), address.get("city"))))
    where = [address.get("line1"), address.get("line2"), place, address.get("state"), address.get("country")]
    lines = [", ".join(filter(None, where)), " · ".join(filter(None, (clinic.phone, clinic.email)))]
    return [line for line in lines if line]


def _facts(summary: VisitSummary, name: str) -> list[tuple[str, str]]:
    visit, patient = summary.visit, summary.patient
    still = "still open" if visit["status"] == VisitStatus.OPEN else _NONE
    return [
        ("Patient", name),
        ("Record number", patient.mrn),
        ("Born", f"{_day(patient.date_of_birth)} ({_age(patient.date_of_birth, visit['started_at'])})"),
        ("Sex", _word(patient.sex)),
        ("Visit", _word(visit["visit_type"])),
        ("Doctor", summary.named(visit["doctor"]) if visit["doctor"] else "not recorded"),
        ("Began", _moment(visit["started_at"])),
        ("Ended", _moment(visit["ended_at"]) if visit["ended_at"] else still),
    ]


def _say(printout: Printout, title: str, text: str | None) -> None:
    if text:
        printout.section(title)
        printout.text_of(text)


def _diagnoses(printout: Printout, diagnoses: Sequence[Shown]) -> None:
    if diagnoses:
        printout.section("Diagnoses")
        rows = [
            [Bold(one["display"]) if one["is_primary"] else one["display"], one["code"] or _NONE] for one in diagnoses
        ]
        printout.table_of(("Diagnosis", "Code"), rows, (5, 1))
        if any(one["is_primary"] for one in diagnoses):
            printout.note("The main diagnosis is printed bold.")


def _vitals(printout: Printout, sets: Sequence[Shown]) -> None:
    if sets:
        printout.section("Vital signs", space=36)
    for taken in sets:
        printout.note(f"Measured {_moment(taken['measured_at'])}")
        rows = list(_measured(taken["measurements"]))
        printout.table_of(("Measured", "Value", "Flag", "Usual range"), rows, (4, 6, 2, 4))
        if taken["notes"]:
            printout.labelled("Remarks", taken["notes"])


def _sources(printout: Printout, sets: Sequence[Shown]) -> None:
    by_source: dict[str, dict[str, None]] = defaultdict(dict)
    for one in (one for taken in sets for one in taken["measurements"] if one["range"]):
        by_source[one["range"]["source"]][_name(one["kind"])] = None
    if by_source:
        printout.ln(3)
        told = [f"{', '.join(names)}: {source}." for source, names in by_source.items()]
        printout.notes(["Where the usual ranges come from, and where a value becomes critical:", *told])


def _measured(values: Sequence[Shown]) -> Iterable[list[str]]:
    """Yield a row for each value; blood pressure is one where both of its values are there."""
    by_kind = {one["kind"]: one for one in values}
    for one in values:
        lower = by_kind.get(Kind.DIASTOLIC) if one["kind"] == Kind.SYSTOLIC else None
        if one["kind"] == Kind.DIASTOLIC and Kind.SYSTOLIC in by_kind:
            continue
        if lower is None:
            yield [_name(one["kind"]), _value(one), _flag(one["flag"]), _range(one)]
            continue
        flags = dict.fromkeys(filter(None, (one["flag"], lower["flag"])))
        pressure = f"{_number(one)}/{_number(lower)} {_unit(one['unit'])}"
        ranges = " / ".join(filter(None, (_range(one), _range(lower))))
        yield [_name(one["kind"]), pressure, _flag(" / ".join(flags)), ranges]


def _name(kind: str) -> str:
    return _KINDS.get(Kind(kind)) or _word(kind)


def _number(one: Shown) -> str:
    return _figure(one["value"], one["unit"])


def _figure(value: float, unit: str) -> str:
    return f"{value:.1f}" if unit == "Cel" else f"{value:g}"


def _unit(unit: str) -> str:
    return _UNITS.get(unit, unit)


def _value(one: Shown) -> str:
    entered = one["entered"]
    said = "" if entered["unit"] == one["unit"] else f" (as taken: {entered['value']:g} {_unit(entered['unit'])})"
    return f"{_number(one)} {_unit(one['unit'])}{said}"


def _flag(flag: str | None) -> str:
    return (flag or _NONE) if flag in (None, "", Flag.NORMAL) else Bold(flag)


def _range(one: Shown) -> str:
    bounds = one["range"]
    if not bounds:
        return _NONE
    low, high = (None if bounds[end] is None else _figure(bounds[end], one["unit"]) for end in ("low", "high"))
    if low and high:
        return f"{low}{_NONE}{high}"
    return f"up to {high}" if high else f"at least {low}"


def _note(printout: Printout, note: Shown, named: _Named) -> None:
    printout.section("Note")
    for part in _PARTS:
        if note[part]:
            printout.labelled(_word(part), note[part])
    signed, author = note["signed"], note["author"]
    drafted = f"Drafted by {named(author)}. " if author and author["id"] != signed["by"]["id"] else ""
    printout.note(f"{drafted}Signed by {named(signed['by'])}, {_moment(signed['at'])}.")
    for addendum in note["addenda"]:
        printout.ln(1)
        printout.labelled(f"Added by {named(addendum['by'])}, {_moment(addendum['at'])}", addendum["text"])


def _treatments(printout: Printout, treatments: Sequence[Shown]) -> None:
    shown = [one for one in treatments if one["status"] != TreatmentStatus.CANCELLED]
    if shown:
        printout.section("Treatments")
        rows = [[one["name"], _word(one["status"]), _moment(one["completed_at"])] for one in shown]
        printout.table_of(("Treatment", "Status", "Completed"), rows, (8, 3, 5))
        _explain(printout, [(one["name"], "\n".join(_of_treatment(one))) for one in shown])


def _of_treatment(one: Shown) -> Iterable[str]:
    """Yield what a treatment used, which leaves the shelf with its completion, and what was noted."""
    if one["status"] == TreatmentStatus.COMPLETED and one["items_used"]:
        used = (f"{item['name']} ({item['quantity']} {item['unit']})" for item in one["items_used"])
        yield f"Used: {', '.join(used)}"
    if one["notes"]:
        yield one["notes"]


def _procedures(printout: Printout, procedures: Sequence[Shown], named: _Named) -> None:
    shown = [one for one in procedures if one["status"] != ProcedureStatus.CANCELLED]
    if not shown:
        return
    printout.section("Procedures")
    rows, told = [], []
    for one in shown:
        done: Mapping[str, Any] = one["performed"] or {}
        rows.append([one["name"], _word(one["status"]), _moment(done.get("at"))])
        said = {
            "Reason": one["indication"],
            "Performed by": named(done["by"]) if done.get("by") else None,
            "Outcome": done.get("outcome"),
            "Notes": done.get("notes"),
            "Complications": done.get("complications"),
        }
        lines = [f"{label}: {text}" for label, text in said.items() if text]
        lines += [f"Added by {named(added['by'])}: {added['text']}" for added in one["addenda"]]
        told.append((one["name"], "\n".join(lines)))
    printout.table_of(("Procedure", "Status", "Performed"), rows, (8, 3, 5))
    _explain(printout, told)


def _vaccines(printout: Printout, vaccines: Sequence[Shown]) -> None:
    if not vaccines:
        return
    printout.section("Vaccines")
    rows, told = [], []
    for one in vaccines:
        said = {
            "dose": one["dose_number"],
            "lot": one["lot_number"],
            "by": one["manufacturer"],
            "route": one["route"],
            "site": one["site"],
        }
        details = [f"{label} {value}" for label, value in said.items() if value]
        if one["status"] == VaccineStatus.NOT_DONE:
            details = ["not given"]
        told.append((one["name"], "\n".join(filter(None, (one["not_done_reason"], one["notes"])))))
        if one["next_due_on"]:
            details.append(f"next due {_day(one['next_due_on'])}")
        rows.append([one["name"], _day(one["administered_on"]), ", ".join(details)])
    printout.table_of(("Vaccine", "On", "Details"), rows, (6, 4, 6))
    _explain(printout, told)


def _explain(printout: Printout, texts: Iterable[tuple[str, str | None]]) -> None:
    """Write below a table what may be longer than a page, which no row of a table can be."""
    for name, text in texts:
        if text:
            printout.labelled(name, text)


def _what_follows(printout: Printout, summary: VisitSummary) -> None:
    visit = summary.visit
    follow_up_on = visit["follow_up_on"]
    appointments = [one for one in summary.appointments if _follows(visit, one)][:_SOONEST]
    if not (follow_up_on or appointments):
        return
    printout.section("What follows")
    if follow_up_on:
        free = ", free of charge" if visit["free_follow_up"] else ""
        printout.text_of(f"Follow-up visit wanted on {_day(follow_up_on)}{free}.")
    rows = [
        [
            _moment(one["starts_at"]),
            summary.named(one["doctor"]),
            _word(AppointmentType(one["type"])),
            one["location"] or _NONE,
        ]
        for one in appointments
    ]
    if rows:
        printout.table_of(("Appointment", "With", "For", "Where"), rows, (6, 5, 3, 3))
        _explain(printout, [(f"Reason, {row[0]}", one["reason"]) for row, one in zip(rows, appointments, strict=True)])


def _follows(visit: Shown, appointment: Shown) -> bool:
    """Whether an appointment is yet to come and was agreed on by the end of the day on which the visit ended."""
    if appointment["id"] == visit["appointment_id"] or appointment["starts_at"] <= clock.now():
        return False
    zone, ended = clock.clinic_zone(), visit["ended_at"]
    # Later prints of the visit say no more than the first one did.
    return ended is None or appointment["created_at"].astimezone(zone).date() <= ended.astimezone(zone).date()


def _word(word: str) -> str:
    return word.replace("_", " ").capitalize()


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _moment(at: datetime | None) -> str:
    if at is None:
        return _NONE
    local = at.astimezone(clock.clinic_zone())
    return f"{local.day} {local:%B %Y, %H:%M %Z}"


def _age(born_on: date, at: datetime) -> str:
    """Return the age at a visit: in years, of infants in months."""
    day = at.astimezone(clock.clinic_zone()).date()
    months = (day.year - born_on.year) * 12 + day.month - born_on.month - (day.day < born_on.day)
    number, unit = (months // 12, "year") if months >= 24 else (max(months, 0), "month")
    return f"{number} {unit}{'' if number == 1 else 's'}"

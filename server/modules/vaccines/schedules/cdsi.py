"""Read CDC's CDSi supporting data (XML) into rules.

Source: CDC, "Clinical Decision Support for Immunization (CDSi)", supporting data; in the public domain. Not read:
contraindications, and immunity by clinical history, which need observations that the chart does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from server.modules.vaccines.engine.periods import period
from server.modules.vaccines.engine.rules import (
    Association,
    BirthImmunity,
    LiveVirusConflict,
    Rules,
    Series,
    VaccineContent,
    VaccineGroup,
)
from server.modules.vaccines.schedules.archive import Source, Unreadable
from server.modules.vaccines.schedules.cdsi_series import read_series
from server.modules.vaccines.schedules.elements import day, length, need, word

_SCHEDULE, _ANTIGEN = "scheduleSupportingData", "antigenSupportingData"


def read_cdsi(source: Source) -> Rules:
    """Turn supporting data into rules. Unreadable, naming the file, where it is something else."""
    schedules: list[Rules] = []
    series: list[Series] = []
    immunity: list[BirthImmunity] = []
    for name, body in source.files.items():
        root = _parse(name, body)
        try:
            if root.tag == _SCHEDULE:
                schedules.append(_schedule(root, source.edition))
            elif root.tag == _ANTIGEN:
                found = [read_series(one) for one in root.iterfind("series")]
                series += found
                immunity += _immunity(root, found)
            else:
                raise ValueError(f"<{root.tag}> is not supporting data")
        except ValueError as error:
            raise Unreadable(f"{name}: {error}") from error
    if len(schedules) != 1 or not series:
        raise Unreadable(f"One file of <{_SCHEDULE}> and some of <{_ANTIGEN}> were looked for, and not found.")
    return replace(schedules[0], series=tuple(series), immunity=tuple(immunity))


def _parse(name: str, body: bytes) -> Element:
    """Parse a file; no entities, no DTD."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable(f"{name} is not plain XML: {error}") from error
    return root


def _schedule(root: Element, edition: str) -> Rules:
    """Read the file that is not about one antigen: groups, codes, live viruses."""
    return Rules(
        name="CDC CDSi",
        edition=edition,
        source="CDC, CDSi supporting data",
        groups=tuple(
            VaccineGroup(
                name=need(one, "name"),
                antigens=tuple((antigen.text or "").strip() for antigen in one.iterfind("antigen")),
            )
            for one in root.iterfind("vaccineGroupToAntigenMap/vaccineGroupMap")
        ),
        vaccines=tuple(_content(one) for one in root.iterfind("cvxToAntigenMap/cvxMap")),
        series=(),
        conflicts=tuple(_conflict(one) for one in root.iterfind("liveVirusConflicts/liveVirusConflict")),
    )


def _content(element: Element) -> VaccineContent:
    """Read what a vaccine holds."""
    return VaccineContent(
        cvx=need(element, "cvx"),
        antigens=tuple(
            Association(need(one, "antigen"), length(one, "associationBeginAge"), length(one, "associationEndAge"))
            for one in element.iterfind("association")
        ),
        name=word(element, "shortDescription") or "",
    )


def _conflict(element: Element) -> LiveVirusConflict:
    """Read how far apart two live vaccines are given."""
    return LiveVirusConflict(
        previous=need(element, "previous/cvx"),
        current=need(element, "current/cvx"),
        begin=period(need(element, "conflictBeginInterval")),
        minimum_end=period(need(element, "minConflictEndInterval")),
        end=period(need(element, "conflictEndInterval")),
    )


def _immunity(root: Element, series: list[Series]) -> Iterator[BirthImmunity]:
    """Read who is immune by the day of birth; the file is about one antigen."""
    for one in root.iterfind("immunity/dateOfBirth"):
        born_before = day(one, "immunityBirthDate")
        if born_before is not None and series:
            yield BirthImmunity(series[0].antigen, born_before, word(one, "birthCountry"))

"""What rooms show of a patient in detail, timeline, summary and export: each registers its own, and all are asked."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Date, Select, String, Uuid, cast, literal, null, select, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from server.core.columns import UTCDateTime

Source = Callable[[uuid.UUID], Select[Any]]
Section = Callable[[Connection, uuid.UUID], Any]

Files = Callable[[Connection, Sequence[uuid.UUID]], Iterator[tuple[str, bytes]]]

# SQLite keeps an id as 32 digits; these are its parts, each from where and how long.
_PARTS_OF_ID = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))

_details: dict[str, ColumnElement[Any]] = {}
_sources: dict[str, Source] = {}
# Of which the patient is told nothing: what is neither signed nor released.
_for_staff: set[str] = set()
_sections: dict[str, Section] = {}
_patients_sections: dict[str, Section] = {}
_files: dict[str, Files] = {}


def add_detail(name: str, column: ColumnElement[Any]) -> None:
    """Register a fact that only one patient's own answer tells, as a scalar subquery which correlates to patients."""
    _details[name] = column


def add_events(name: str, source: Source, *, for_staff: bool = False) -> None:
    """Register a statement of `event` columns for the timeline of one patient, of what stands.

    With `for_staff` the patient and their proxies do not see them: what is neither signed nor released.
    """
    _sources[name] = source
    if for_staff:
        _for_staff.add(name)


def add_section(name: str, section: Section, *, for_patients: Section | None = None) -> None:
    """Register a part of the summary, and what stands in its place for the patient, where that is less.

    Each runs a fixed number of statements.
    """
    _sections[name] = section
    _patients_sections[name] = for_patients or section


def add_files(folder: str, source: Files) -> None:
    """Register files of patients (one, and the duplicates merged into it) for a folder of the exported archive."""
    _files[folder] = source


def details() -> Mapping[str, ColumnElement[Any]]:
    """Return what the answer about one patient tells beside the patient's own row."""
    return dict(_details)


def files() -> Mapping[str, Files]:
    """Return what lies beside the document in an exported archive."""
    return dict(_files)


def sources(*, as_patient: bool) -> Mapping[str, Source]:
    """Return what the timeline is made of."""
    return {name: source for name, source in _sources.items() if not (as_patient and name in _for_staff)}


def sections(*, as_patient: bool) -> Mapping[str, Section]:
    """Return what the summary is made of."""
    return dict(_patients_sections if as_patient else _sections)


def event(
    *,
    at: Any,
    kind: str,
    object_type: str,
    object_id: Any,
    title: Any,
    doctor_id: Any = None,
    doctor_name: Any = None,
) -> Select[Any]:
    """Select the columns of one kind of event; the name of its kind and the row make its id."""
    return select(
        (literal(f"{kind}:", String) + id_text(type_coerce(object_id, Uuid))).label("id"),
        type_coerce(at, UTCDateTime).label("at"),
        literal(kind, String).label("kind"),
        literal(object_type, String).label("object_type"),
        type_coerce(object_id, Uuid).label("object_id"),
        cast(literal(title, String) if isinstance(title, str) else title, String).label("title"),
        type_coerce(cast(null(), Uuid) if doctor_id is None else doctor_id, Uuid).label("doctor_id"),
        cast(null() if doctor_name is None else doctor_name, String).label("doctor_name"),
    )


class id_text(FunctionElement[Any]):  # noqa: N801 - reads as the function that it is in SQL
    """An id as text, written as everywhere else."""

    type = String()
    inherit_cache = True


@compiles(id_text)
def _as_it_is(element: Any, compiler: Any, **kwargs: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kwargs)} AS VARCHAR)"


@compiles(id_text, "sqlite")
def _with_dashes(element: Any, compiler: Any, **kwargs: Any) -> str:
    kept = compiler.process(element.clauses, **kwargs)
    return " || '-' || ".join(f"substr({kept}, {start}, {size})" for start, size in _PARTS_OF_ID)


class day_begins(FunctionElement[Any]):  # noqa: N801 - reads as the function that it is in SQL
    """The first instant, in UTC, of a day."""

    type = UTCDateTime()
    inherit_cache = True


@compiles(day_begins)
def _as_timestamp(element: Any, compiler: Any, **kwargs: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kwargs)} AS TIMESTAMP WITH TIME ZONE)"


@compiles(day_begins, "sqlite")
def _as_text(element: Any, compiler: Any, **kwargs: Any) -> str:
    return f"({compiler.process(element.clauses, **kwargs)} || ' 00:00:00.000000')"


def on_day(day: Any) -> ColumnElement[Any]:
    """Return the instant at which an event of a day is shown."""
    return day_begins(type_coerce(day, Date))

"""Read inputs piece by piece: bundle files, folders, archives (streamed, never unpacked), NDJSON. Memory stays flat."""

from __future__ import annotations

import hashlib
import re
import tarfile
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson

from server.core.ids import parse_id

LINES_A_PIECE = 500
_ARCHIVES = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".txz")
_FILES = (".json", ".ndjson")
# FHIR R4, data type `id`; and the names of its resource types.
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,59}", re.ASCII)
_REFERENCE = re.compile(
    r"(?:.*/)?(Patient|Practitioner|Encounter|Condition)/([A-Za-z0-9\-.]{1,64})(?:/_history/.*)?", re.ASCII
)
_NUMBERED = re.compile(r"(Patient|Practitioner)\?identifier=([^|]{1,200})\|([^|]{1,100})")

# Whom resources are about, and the elements that refer to them: a patient, where nothing else is said.
PATIENT, PRACTITIONER, ENCOUNTER, CONDITION = "Patient", "Practitioner", "Encounter", "Condition"
_ABOUT_A_PATIENT = (PATIENT, ("patient", "subject", "beneficiary"))
_ABOUT = {"PractitionerRole": (PRACTITIONER, ("practitioner",))}
# At which visit, and by whom: the fields of ours, what they refer to, and the elements that do, outer before inner.
VISIT, DOCTOR, DIAGNOSES = "visit_id", "doctor_id", "diagnoses"
_AT_A_VISIT = (VISIT, ENCOUNTER, ("encounter",))
_LINKS = {
    ENCOUNTER: (
        (DOCTOR, PRACTITIONER, ("participant", "individual")),
        (DIAGNOSES, CONDITION, ("diagnosis", "condition")),
    ),
    CONDITION: (_AT_A_VISIT,),
    "Observation": (_AT_A_VISIT,),
    "Procedure": (_AT_A_VISIT, (DOCTOR, PRACTITIONER, ("performer", "actor"))),
    "Immunization": (_AT_A_VISIT,),
}
# Files of these come first, so that what names them finds them.
_FIRST = (PATIENT, PRACTITIONER, "PractitionerRole", ENCOUNTER)

# The source of resources whose id is a UUID: unique the world over, whatever file they come in.
ANYWHERE = "urn:uuid"


class Unreadable(Exception):
    """This input, or this piece of it, cannot be read."""


@dataclass(slots=True)
class Incoming:
    """One resource as it came."""

    place: str
    source: str
    resource_type: str
    resource_id: str
    digest: str
    body: bytes
    resource: dict[str, Any]
    subjects: list[tuple[str, str, str]]
    links: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What is the same for all copies of the resource."""
        return self.source, self.resource_type, self.resource_id


@dataclass
class Piece:
    """What is taken in by one commit: a file, or some lines of one."""

    place: str
    lines: list[bytes]
    first_line: int | None = None


@dataclass(frozen=True)
class Input:
    """One file or archive; `source` tells apart resources whose ids are not unique the world over."""

    path: Path
    source: str
    is_source_given: bool = False

    @property
    def name(self) -> str:
        """How the input is called in the report."""
        return self.path.name

    @property
    def has_parts(self) -> bool:
        """Whether it takes more than one commit, and so can be interrupted in between."""
        return not self.path.name.endswith(".json")

    def source_of(self, resource_id: str) -> str:
        """Return under which source a resource of this input is known."""
        return self.source if self.is_source_given or parse_id(resource_id) is None else ANYWHERE

    def digest(self) -> str:
        """Return what identifies the content, read as this source."""
        found = hashlib.sha256(self.source.encode() + b"\0")
        with self.path.open("rb") as file:
            while block := file.read(1 << 20):
                found.update(block)
        return found.hexdigest()

    def pieces(self, on_read: Callable[[int], None]) -> Iterator[Piece]:
        """Yield the pieces in an order that is the same each time; tell `on_read` how many bytes are read."""
        with self.path.open("rb") as file:
            if self.path.name.endswith(_ARCHIVES):
                yield from _members(file, on_read)
            else:
                for piece in _of_file(self.path.name, file):
                    on_read(file.tell())
                    yield piece


def find_inputs(paths: list[Path], source: str | None) -> list[Input]:
    """Return the files to read; those of a folder sorted by name, files of people and of encounters first."""
    found = []
    for path in paths:
        if path.is_dir():
            files = [file for file in path.rglob("*") if file.name.endswith((*_FILES, *_ARCHIVES)) and file.is_file()]
            files.sort(key=lambda file: (_turn(file.name), str(file)))
            name = path.resolve().name
        else:
            files, name = [path], path.name.partition(".")[0]
        found += [Input(file, (source or name)[:200], source is not None) for file in files]
    return found


def _turn(name: str) -> int:
    return next((turn for turn, kind in enumerate(_FIRST) if re.match(rf"{kind}(?![A-Za-z])", name)), len(_FIRST))


def _members(file: IO[bytes], on_read: Callable[[int], None]) -> Iterator[Piece]:
    try:
        with tarfile.open(fileobj=file, mode="r|*") as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # tarfile keeps them all, and there may be very many
                if member.isfile() and member.name.endswith(_FILES):
                    content = archive.extractfile(member)
                    if content is not None:
                        yield from _of_file(member.name, content)
                on_read(file.tell())
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Unreadable(f"not a whole archive: {error}") from error


def _of_file(name: str, file: IO[bytes]) -> Iterator[Piece]:
    if not name.endswith(".ndjson"):
        yield Piece(name, [file.read()])
        return
    first = 1
    while lines := list(islice(file, LINES_A_PIECE)):
        yield Piece(f"{name}:{first}", lines, first)
        first += len(lines)


@dataclass
class Contents:
    """The resources of a piece, and the lines of it that are none."""

    resources: list[Incoming] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)


def read_piece(piece: Piece, origin: Input) -> Contents:
    """Return the resources of a piece."""
    contents = Contents()
    for number, line in enumerate(piece.lines):
        if piece.first_line is None:
            place = piece.place
        else:
            place = f"{piece.place.rpartition(':')[0]}:{piece.first_line + number}"
            if not line.strip():
                continue
        try:
            contents.resources += _resources(place, line, origin)
        except Unreadable as error:
            contents.unreadable.append((place, str(error)))
    return contents


def _resources(place: str, raw: bytes, origin: Input) -> list[Incoming]:
    try:
        document = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("resourceType"), str):
        raise Unreadable("not a FHIR resource")
    if document["resourceType"] != "Bundle":
        return [_incoming(place, document, "", {}, origin)]
    entries = document.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Unreadable("not a FHIR bundle")
    entries = [entry for entry in entries if "resource" in entry]
    known_as = {entry.get("fullUrl"): entry["resource"] for entry in entries if isinstance(entry.get("fullUrl"), str)}
    known_as |= _by_numbers([entry["resource"] for entry in entries])
    return [_incoming(place, entry["resource"], entry.get("fullUrl"), known_as, origin) for entry in entries]


def _incoming(place: str, resource: Any, url: Any, known_as: dict[str, Any], origin: Input) -> Incoming:
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise Unreadable("an entry is not a FHIR resource")
    try:
        body = orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise Unreadable(f"an entry of type {kind}: {error}") from None
    digest = hashlib.sha256(body).hexdigest()
    resource_id = _id_of(resource, url) or digest
    about, reference = _reference(kind, resource)
    subject_id = _subject_id(about, reference, known_as)
    # Of a UUID that speaks of somebody without one, that one is known only together with the source.
    is_global = subject_id is None or origin.source_of(subject_id) == ANYWHERE
    source = origin.source_of(resource_id) if is_global else origin.source
    subjects = _keys(about, reference, known_as, origin)
    links = {
        name: [key for one in references for key in _keys(target, one, known_as, origin)]
        for name, target, references in _linked(kind, resource)
    }
    return Incoming(place, source, kind, resource_id, digest, body, resource, subjects, links)


def _keys(about: str, reference: str | None, known_as: dict[str, Any], origin: Input) -> list[tuple[str, str, str]]:
    """Return as what the one whom a reference names may be known here, what is surest first."""
    # A number that nobody in the bundle has may be known here; one that two have is nobody's.
    if reference is not None and reference not in known_as and (found := _NUMBERED.fullmatch(reference)):
        return [(found[2], found[1], found[3])] if found[1] == about else []
    named_id = _subject_id(about, reference, known_as)
    return [(one, about, named_id) for one in (origin.source_of(named_id), ANYWHERE)] if named_id else []


def _linked(kind: str, resource: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each field that names something else, the type of that, and how it is referred to."""
    for name, target, elements in _LINKS.get(kind, ()):
        found: list[Any] = [resource]
        for element in elements:
            inner = [one.get(element) for one in found if isinstance(one, dict)]
            found = [part for one in inner for part in (one if isinstance(one, list) else [one])]
        references = [_said(target, one) for one in found if isinstance(one, dict)]
        yield name, target, [one for one in references if isinstance(one, str)]


def links_said(kind: str, resource: dict[str, Any]) -> dict[str, list[str]]:
    """Return by field how a resource refers to others, by which two copies of it are compared."""
    return {name: references for name, _, references in _linked(kind, resource)}


def _said(about: str, referred: dict[str, Any]) -> Any:
    return referred.get("reference") or _by_number(about, referred.get("identifier"))


def _id_of(resource: dict[str, Any], url: Any) -> str | None:
    own = resource.get("id")
    if isinstance(own, str) and _ID.fullmatch(own):
        return own
    given = parse_id(url.removeprefix("urn:uuid:")) if isinstance(url, str) else None
    return str(given) if given else None


def _reference(kind: str, resource: dict[str, Any]) -> tuple[str, str | None]:
    """Return what a resource is about, and how it refers to it."""
    about, elements = _ABOUT.get(kind, _ABOUT_A_PATIENT)
    referred = next((resource[name] for name in elements if name in resource), None)
    if not isinstance(referred, dict):
        return about, None
    reference = _said(about, referred)
    return about, reference if isinstance(reference, str) else None


def _subject_id(about: str, reference: str | None, known_as: dict[str, Any]) -> str | None:
    """Return the id of whom a reference names: by the URL or a number of a bundle's entry, or by type and id."""
    if reference is None:
        return None
    entry = known_as.get(reference)
    if isinstance(entry, dict):
        return _id_of(entry, reference)
    if reference.startswith("urn:uuid:"):
        given = reference.removeprefix("urn:uuid:")
        return given if _ID.fullmatch(given) else None
    found = _REFERENCE.fullmatch(reference)
    return found[2] if found and found[1] == about else None


def _by_numbers(resources: list[Any]) -> dict[str, Any]:
    """Return the people of a bundle by their numbers, as others may refer to them; a number of two is nobody's."""
    found: dict[str, Any] = {}
    for one in resources:
        kind = one.get("resourceType") if isinstance(one, dict) else None
        numbers = one.get("identifier") if kind in (PATIENT, PRACTITIONER) else None
        for number in numbers if isinstance(numbers, list) else []:
            name = _by_number(str(kind), number)
            if name is not None:
                is_same = name not in found or (found[name] or {}).get("id") == one.get("id")
                found[name] = one if is_same else None
    return found


def _by_number(kind: str, number: Any) -> str | None:
    """Return the reference by an identifier, in the form of one that searches."""
    if not isinstance(number, dict):
        return None
    system, value = number.get("system"), number.get("value")
    return f"{kind}?identifier={system}|{value}" if isinstance(system, str) and isinstance(value, str) else None


def kept(place: str, source: str, resource_id: str, digest: str, body: bytes) -> Incoming:
    """Return a resource again that was kept deflated."""
    origin = Input(Path(place), source, is_source_given=source != ANYWHERE)
    resource = orjson.loads(zlib.decompress(body))
    again = _incoming(place, resource, None, {}, origin)
    again.source, again.resource_id, again.digest = source, resource_id, digest
    return again


def wished_id(resource_id: str) -> uuid.UUID | None:
    """Return the id that a resource has if it can be ours: a UUID in its canonical form."""
    found = parse_id(resource_id)
    return found if found is not None and str(found) == resource_id.lower() else None

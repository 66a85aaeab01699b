"""Read people: patients, practitioners and the roles of these."""

from __future__ import annotations

from functools import cache
from typing import Any

import pycountry
from marshmallow import ValidationError

from server.core import clock
from server.core.people import split_name
from server.core.schema import AddressIn
from server.modules.doctors.schemas.doctor import DoctorPut
from server.modules.fhir.mapping.reading import (
    PARTIAL,
    Mapped,
    NotPlaced,
    checked,
    codings_of,
    day_of,
    display_of,
    first_of,
    objects_of,
    part_of,
    preferred,
    schema_of,
    text_of,
    texts_of,
)
from server.modules.fhir.models import Reason
from server.modules.fhir.taxonomy import CODES
from server.modules.patients.schemas.patient import PatientPut
from server.modules.patients.schemas.sheet import IdentifierIn

# HL7 v3 MaritalStatus, and UNK of v3 NullFlavor.
_MARITAL = {
    "A": "single",  # annulled: the marriage never was
    "D": "divorced",
    "I": "separated",  # interlocutory decree
    "L": "separated",
    "M": "married",
    "C": "partnered",  # common law
    "P": "married",
    "T": "partnered",
    "U": "single",
    "S": "single",
    "W": "widowed",
    "UNK": "unknown",
}
_NAME_ORDER = ("official", "usual", "", "temp", "anonymous")
_PHONE_ORDER = ("mobile", "home", "work", "", "temp")
_WORK_ORDER = ("work", "", "temp", "home", "billing")
NPI = "http://hl7.org/fhir/sid/us-npi"
_ADDRESS_ORDER = ("home", "", "temp", "work", "billing")


def read_patient(resource: dict[str, Any]) -> Mapped:
    """Return the fields of a Patient."""
    names = objects_of(resource, "name")
    raw = _names(names) | {
        "date_of_birth": text_of(resource.get("birthDate")),
        "sex": text_of(resource.get("gender")) or "unknown",
        "phone": _reach(resource, "phone"),
        "email": _reach(resource, "email"),
        "language": _language(resource),
        "marital_status": first_of([_MARITAL.get(code) for _, code, _ in codings_of(resource.get("maritalStatus"))]),
    }
    mapped = checked(schema_of(PatientPut), raw)
    address = checked(schema_of(AddressIn), _address(resource), path="address.")
    mapped.left_out += address.left_out
    given = {name: address.fields.get(name) for name in schema_of(AddressIn).fields}
    mapped.fields["address"] = given if any(given.values()) else None
    mapped.fields["identifiers"] = _identifiers(resource, mapped)
    died = resource.get("deceasedDateTime")
    mapped.fields["status"] = "deceased" if died or resource.get("deceasedBoolean") is True else "active"
    mapped.fields["deceased_on"] = day_of(died, "deceased_on", mapped.left_out)
    for unmapped in ("notes", "gender_identity", "occupation", "primary_doctor_id"):
        mapped.fields.pop(unmapped)
    return mapped


def _names(names: list[dict[str, Any]]) -> dict[str, str | None]:
    """Return first, middle, last, preferred and maiden name and the prefix; digits in them stay."""
    chosen = preferred([name for name in names if name.get("use") not in ("maiden", "nickname", "old")], _NAME_ORDER)
    given = texts_of(chosen.get("given"))
    family = text_of(chosen.get("family"))
    if not family or not given:
        first, last = split_name((text_of(chosen.get("text")) or "").strip())
        given, family = given or ([first] if first else []), family or last
    nickname = preferred([name for name in names if name.get("use") == "nickname"], ())
    maiden = preferred([name for name in names if name.get("use") == "maiden"], ())
    return {
        "prefix": " ".join(texts_of(chosen.get("prefix"))) or None,
        "first_name": given[0] if given else None,
        "middle_name": " ".join(given[1:]) or None,
        "last_name": family or None,
        "preferred_name": first_of(texts_of(nickname.get("given"))) or text_of(nickname.get("text")),
        "maiden_name": text_of(maiden.get("family")) or text_of(maiden.get("text")),
    }


def _reach(resource: dict[str, Any], system: str) -> str | None:
    points = [point for point in objects_of(resource, "telecom") if point.get("system") == system]
    return text_of(preferred([point for point in points if point.get("use") != "old"], _PHONE_ORDER).get("value"))


def _language(resource: dict[str, Any]) -> str | None:
    spoken = objects_of(resource, "communication")
    spoken.sort(key=lambda one: one.get("preferred") is not True)
    return first_of([code for one in spoken for _, code, _ in codings_of(one.get("language"))])


def _address(resource: dict[str, Any]) -> dict[str, str | None]:
    chosen = preferred([one for one in objects_of(resource, "address") if one.get("use") != "old"], _ADDRESS_ORDER)
    lines = texts_of(chosen.get("line"))
    return {
        "line1": lines[0] if lines else None,
        "line2": ", ".join(lines[1:]) or None,
        "city": text_of(chosen.get("city")),
        "state": text_of(chosen.get("state")),
        "postal_code": text_of(chosen.get("postalCode")),
        "country": _country(text_of(chosen.get("country"))),
    }


@cache
def _country(name: str | None) -> str | None:
    """Return the alpha-2 code of a code or name; what nobody knows comes back as it is, and is refused later."""
    if not name:
        return None
    try:
        found: str = pycountry.countries.lookup(name).alpha_2
    except LookupError:
        return name
    return found


def _identifiers(resource: dict[str, Any], mapped: Mapped) -> list[dict[str, str]]:
    found = []
    for one in objects_of(resource, "identifier"):
        kind = one.get("type")
        label = first_of([code for _, code, _ in codings_of(kind)]) or (
            text_of(kind.get("text")) if isinstance(kind, dict) else None
        )
        raw = {"system": text_of(one.get("system")), "value": text_of(one.get("value")), "type": label}
        try:
            found.append(schema_of(IdentifierIn).load({name: value for name, value in raw.items() if value}))
        except ValidationError:
            mapped.left_out.append("identifiers")
    return found


def read_practitioner(resource: dict[str, Any]) -> Mapped:
    """Return the fields of a Practitioner; the licence number is the NPI or, where there is none, the first number."""
    names = _names([name for name in objects_of(resource, "name") if name.get("use") != "old"])
    numbers = [(one.get("system") == NPI, text_of(one.get("value"))) for one in objects_of(resource, "identifier")]
    places = [one for one in objects_of(resource, "address") if one.get("use") != "old"]
    spoken = [first_of([code for _, code, _ in codings_of(one)]) for one in objects_of(resource, "communication")]
    languages = [
        tag
        for tag in dict.fromkeys(spoken)
        if tag and not schema_of(DoctorPut).validate({"languages": [tag]}, partial=True)
    ]
    taught = [display_of(one.get("code")) for one in objects_of(resource, "qualification")]
    raw = {
        "title": names["prefix"],
        "first_name": " ".join(filter(None, (names["first_name"], names["middle_name"]))) or None,
        "last_name": names["last_name"],
        "license_number": first_of([value for _, value in sorted(numbers, key=lambda one: not one[0])]),
        "qualifications": [text for text in dict.fromkeys(taught) if text],
        "languages": languages,
        "city": text_of(preferred(places, _WORK_ORDER).get("city")),
    }
    mapped = checked(schema_of(DoctorPut), raw)
    mapped.fields = {name: mapped.fields[name] for name in raw}
    mapped.fields["status"] = "inactive" if resource.get("active") is False else "active"
    if len(languages) < len(spoken):
        mapped.left_out.append("languages: not all are language tags")
    return mapped


def require_in_force(role: dict[str, Any]) -> None:
    """Raise unless a PractitionerRole still stands: it is not said to be inactive, and its period is not over."""
    if role.get("active") is False or _is_over(part_of(role, "period", "end")):
        raise NotPlaced(Reason.NOT_IN_FORCE)


def named_specialties(role: dict[str, Any]) -> list[list[str]]:
    """Return for each specialty of a PractitionerRole what it may be called here, what is surest first."""
    named = []
    for concept in objects_of(role, "specialty"):
        codings = codings_of(concept)
        known = [CODES[system, code] for system, code, _ in codings if (system, code) in CODES]
        words = [text_of(concept.get("text")), *(display for _, _, display in codings)]
        named.append([name for name in (*known, *words, *(code for _, code, _ in codings)) if name])
    return [names for names in named if names]


def _is_over(end: Any) -> bool:
    """Whether the last day, month or year of a period has passed."""
    today = clock.today()
    if isinstance(end, str) and PARTIAL.fullmatch(end):
        return end < today.isoformat()[: len(end)]
    last = day_of(end, "period", [])
    return last is not None and last < today

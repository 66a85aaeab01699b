"""How the tables of this module make room when two patients are merged."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, Row, exists, select, update

from server.core import clock
from server.modules.patients.enums import ENTERED_IN_ERROR, AllergyStatus, PatientStatus, RelationSource, Severity
from server.modules.patients.merge_rules import Merging, resolve, settle, unstamped
from server.modules.patients.models import Allergy, AllergyStatement, CareRelation, MedicalHistory, Patient
from server.modules.patients.service.people import aliases_of, keys_of

MERGED_REASON = "On the list twice after two charts of this patient were merged."
_SEVERITIES: list[str | None] = [None, Severity.MILD, Severity.MODERATE, Severity.SEVERE]
# What the system keeps of a patient, what is said in another column, and what a merge unites in a way of its own.
_OWN = frozenset(
    {
        *("id", "number", "mrn", "user_id", "status", "registered_by", "merged_into_id", "identifiers", "notes"),
        *("possible_duplicate", "created_at", "updated_at", "version", "alias_text"),
        *("last_name_key", "first_name_key", "email_key", "city_key", "search_text", "card_text"),
    }
)
_ADDRESS = ("address_line1", "address_line2", "address_city", "address_state", "address_postal_code", "address_country")
_MAY_FILL = ("allergy_class", "reaction", "noted_on")


def install() -> None:
    """Register the resolvers of this module's tables."""
    resolve("patients", unite_patients)
    resolve("allergies", unite_allergies)
    resolve("allergy_statements", unite_statements)
    resolve("medical_histories", unite_histories)
    resolve("care_relations", unite_teams)
    settle(withdraw_beside_allergies)
    settle(renew_keys)


def unite_patients(merging: Merging) -> None:
    """Close the duplicate; fill what the survivor lacks from it, and report in which facts the two differ.

    The mark of a possible duplicate stays: whether there is a third is for the desk to see.
    """
    table = Patient.__table__
    survivor, duplicate = (
        merging.connection.execute(select(table).where(table.c.id == one)).one()
        for one in (merging.survivor_id, merging.duplicate_id)
    )
    _fill_facts(merging, survivor, duplicate)
    _fill_address(merging, survivor, duplicate)
    merging.change_each(
        table,
        survivor,
        identifiers=_united(survivor.identifiers, duplicate.identifiers),
        notes=_joined(survivor.notes, duplicate.notes),
        alias_text=" ".join(dict.fromkeys([*(survivor.alias_text or "").split(), *aliases_of(duplicate)])),
    )
    merging.change(table, duplicate, status=PatientStatus.MERGED, merged_into_id=merging.survivor_id)
    renew_keys(merging.connection, merging.survivor_id)


def _fill_facts(merging: Merging, survivor: Row[Any], duplicate: Row[Any]) -> None:
    table, missing = Patient.__table__, {}
    for column in table.c:
        kept, other = survivor._mapping[column.name], duplicate._mapping[column.name]
        if column.name in _OWN or column.name in _ADDRESS or other is None or other == kept:
            continue
        if kept is None:
            missing[column.name] = other
        merging.note(table, column.name, "taken from the duplicate" if kept is None else "kept of the survivor")
    merging.change_each(table, survivor, **missing)


def _fill_address(merging: Merging, survivor: Row[Any], duplicate: Row[Any]) -> None:
    """Take the duplicate's address where the survivor has none; of two, no lines are mixed."""
    table = Patient.__table__
    kept, other = ({name: row._mapping[name] for name in _ADDRESS} for row in (survivor, duplicate))
    if other == kept or not any(other.values()):
        return
    if any(kept.values()):
        merging.note(table, "address", "kept of the survivor")
    else:
        merging.change(table, survivor, **other)
        merging.note(table, "address", "taken from the duplicate")


def renew_keys(connection: Connection, patient_id: uuid.UUID) -> None:
    """Have a patient be found by what is on the row now."""
    table = Patient.__table__
    row = connection.execute(select(table).where(table.c.id == patient_id)).one()
    values = {**keys_of(row), **unstamped(table)}
    connection.execute(update(table).where(table.c.id == patient_id).values(values))


def unite_allergies(merging: Merging) -> None:
    """Void one of two allergies to the same thing: of different gravity the milder one, else the duplicate's.

    What is left stands for both: it is active if one of them is, and has what was known of the other.
    """
    table = Allergy.__table__
    standing = table.c.status != ENTERED_IN_ERROR
    listed = {row.id: row for row in merging.rows_of(table, merging.survivor_id, standing)}
    for row in merging.rows_of(table, merging.duplicate_id, standing):
        same = [other for other in listed.values() if _is_same_allergy(row, other)]
        if not same:
            continue
        gravest = max(same, key=_gravity)
        is_graver = _gravity(row) > _gravity(gravest)
        kept, voided = (row, same) if is_graver else (gravest, [row])
        whose = "survivor's" if is_graver else "duplicate's"
        merging.note(table, row.substance, f"on both lists, the {whose} entry marked as entered in error")
        for one in voided:
            listed.pop(one.id, None)
            _void(merging, one)
            kept = _completed(merging, kept, one)
        if not is_graver:
            listed[kept.id] = kept


def _is_same_allergy(one: Row[Any], other: Row[Any]) -> bool:
    is_same_code = one.code is not None and (one.code_system, one.code) == (other.code_system, other.code)
    return bool(one.substance_key == other.substance_key or is_same_code)


def _gravity(row: Row[Any]) -> int:
    return _SEVERITIES.index(row.severity)


def _void(merging: Merging, row: Row[Any]) -> None:
    merging.change(
        Allergy.__table__,
        row,
        status=ENTERED_IN_ERROR,
        voided_at=merging.at,
        voided_by=merging.by,
        void_reason=MERGED_REASON,
    )


def _completed(merging: Merging, kept: Row[Any], voided: Row[Any]) -> Row[Any]:
    """Fill what the kept entry lacks from the one that was voided, report where they differ; return it as it is now."""
    table, missing = Allergy.__table__, {}
    for name in _MAY_FILL:
        mine, other = kept._mapping[name], voided._mapping[name]
        if mine is None:
            missing[name] = other
        elif other is not None and other != mine:
            merging.note(table, f"{kept.substance}: {name}", "differs, both stand in their entries")
    if AllergyStatus.ACTIVE in (kept.status, voided.status) and kept.status != voided.status:
        missing["status"] = AllergyStatus.ACTIVE
        merging.note(table, f"{kept.substance}: status", "active, because one of the two is")
    merging.change_each(table, kept, **missing)
    _complete_code(merging, kept, voided)
    return merging.connection.execute(select(table).where(table.c.id == kept.id)).one()


def _complete_code(merging: Merging, kept: Row[Any], voided: Row[Any]) -> None:
    """Take over the code of a voided entry, unless another entry on the two lists stands under it."""
    table = Allergy.__table__
    if voided.code is None or (kept.code_system, kept.code) == (voided.code_system, voided.code):
        return
    rivals = select(table.c.id).where(
        table.c.patient_id.in_((merging.survivor_id, merging.duplicate_id)),
        table.c.status != ENTERED_IN_ERROR,
        (table.c.code_system == voided.code_system) & (table.c.code == voided.code),
    )
    if kept.code is not None or merging.connection.execute(rivals).first():
        merging.note(table, f"{kept.substance}: code", "differs, both stand in their entries")
    else:
        merging.change(table, kept, code_system=voided.code_system, code=voided.code)


def unite_statements(merging: Merging) -> None:
    """Withdraw "none known" where there are allergies now, and one of two statements."""
    table, allergies = AllergyStatement.__table__, Allergy.__table__
    both = (merging.survivor_id, merging.duplicate_id)
    has_allergies = merging.connection.scalar(
        select(exists().where(allergies.c.patient_id.in_(both), allergies.c.status != ENTERED_IN_ERROR))
    )
    standing = [row for one in both for row in merging.rows_of(table, one, table.c.withdrawn_at.is_(None))]
    for row in standing if has_allergies else standing[1:]:
        merging.change(table, row, withdrawn_at=merging.at)
        merging.note(table, "no_known_allergies", "withdrawn" if has_allergies else "stated twice, one withdrawn")


def unite_histories(merging: Merging) -> None:
    """Unite the lists, join the texts, keep the survivor's blood type and report another one."""
    table = MedicalHistory.__table__
    current = table.c.superseded_at.is_(None)
    (kept,) = merging.rows_of(table, merging.survivor_id, current)
    (other,) = merging.rows_of(table, merging.duplicate_id, current)
    if other.blood_type and kept.blood_type and other.blood_type != kept.blood_type:
        merging.note(table, "blood_type", "kept of the survivor; have it determined again")
    merging.change(table, other, superseded_at=merging.at)
    merging.change_each(
        table,
        kept,
        blood_type=kept.blood_type or other.blood_type,
        past_surgeries=_united(kept.past_surgeries, other.past_surgeries),
        family_history=_united(kept.family_history, other.family_history),
        social_history=_joined(kept.social_history, other.social_history),
        chronic_notes=_joined(kept.chronic_notes, other.chronic_notes),
    )


def _united(kept: list[Any], more: list[Any]) -> list[Any]:
    return [*kept, *(one for one in more if one not in kept)]


def _joined(kept: str | None, more: str | None) -> str | None:
    if not more or kept == more:
        return kept
    return f"{kept}\n\n{more}" if kept else more


def unite_teams(merging: Merging) -> None:
    """End the duplicate's membership of whoever is in both care teams."""
    table = CareRelation.__table__
    present = (table.c.source == RelationSource.CARE_TEAM, table.c.ends_at.is_(None))
    members = {row.user_id for row in merging.rows_of(table, merging.survivor_id, *present)}
    for row in merging.rows_of(table, merging.duplicate_id, *present):
        if row.user_id in members:
            merging.change(table, row, ends_at=merging.at)
            merging.note(table, "care_team", "in both teams, the duplicate's membership ended")


def withdraw_beside_allergies(connection: Connection, patient_id: uuid.UUID) -> None:
    """Withdraw a statement of none known that stands beside an allergy which was added since."""
    table, allergies = AllergyStatement.__table__, Allergy.__table__
    connection.execute(
        update(table)
        .where(
            table.c.patient_id == patient_id,
            table.c.withdrawn_at.is_(None),
            exists().where(allergies.c.patient_id == patient_id, allergies.c.status != ENTERED_IN_ERROR),
        )
        .values(withdrawn_at=clock.now())
    )

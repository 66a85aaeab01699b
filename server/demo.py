"""Make demo data: an account for each role and patients with names of many scripts; the same seed, the same content."""

from __future__ import annotations

import random
import secrets
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import click
from sqlalchemy import Connection, and_, exists, or_, select

from server.core import state, trail as trails
from server.core.access import Role
from server.core.counters import Counter, next_number
from server.core.db import db, reading
from server.core.fields import normal_form
from server.core.uow import command
from server.demo_hours import open_demo_hours
from server.demo_people import ALLERGIES, CITIES, CONDITIONS, CULTURES, DOCTORS, STAFF, STREETS
from server.demo_pharmacy import stock_dispensary
from server.demo_stock import fill_shelves
from server.modules.auth.passwords import hash_password
from server.modules.auth.service.accounts import set_password
from server.modules.doctors.models import Doctor
from server.modules.doctors.service import profiles
from server.modules.patients.models import Patient
from server.modules.patients.service import care, chart, people
from server.modules.users import service as users
from server.modules.users.enums import UserStatus
from server.modules.users.models import User, UserRole

ACTION = "setup.demo"
PATIENTS = 60
SEED = 1
A_COMMIT = 100
# Fixed, not counted from today: the same seed makes the same people in any year.
_FIRST_BIRTH, _FIRST_MINOR, _LAST_BIRTH = date(1931, 1, 1), date(2006, 1, 1), date(2024, 6, 30)


class DemoRefused(Exception):
    """Demo data must not be made here."""


@dataclass(frozen=True)
class Accounts:
    """The accounts that were made, and the password that they share; it is shown once and kept nowhere."""

    emails: list[str]
    password: str


def has_active_admin(connection: Connection) -> bool:
    """Whether somebody can manage this clinic."""
    is_admin = exists().where(UserRole.user_id == User.id, UserRole.role == Role.ADMIN)
    return connection.execute(select(User.id).where(is_admin, User.status == UserStatus.ACTIVE)).first() is not None


def has_patients(connection: Connection) -> bool:
    """Whether anybody is registered."""
    return connection.execute(select(Patient.id).limit(1)).first() is not None


def _ran_before(connection: Connection) -> bool:
    return connection.execute(select(Counter.value).where(Counter.name == ACTION)).first() is not None


def set_up(*, wants_demo: bool) -> Accounts | None:
    """Give a fresh clinic an admin and, if wanted, demo data once; return what was made for who is to sign in."""
    connection = reading()
    is_managed = has_active_admin(connection)
    if state.settings().is_production:
        if not is_managed:
            raise DemoRefused("In production no account and no demo data is made here. Run create_admin.py.")
        return None
    loads = wants_demo and not has_patients(connection) and not _ran_before(connection)
    roles = [role for role in (Role if loads else [Role.ADMIN]) if not (is_managed and role == Role.ADMIN)]
    if not roles:
        return None
    password = secrets.token_urlsafe(12)
    hashed = hash_password(password)
    chance = random.Random(SEED)  # noqa: S311 -- demo data, not secrets
    with command(ACTION, "setup") as unit:
        emails = make_accounts(chance, roles, hashed)
        if loads:
            next_number(unit.connection, ACTION)
            make_patients(chance, PATIENTS, doctor_ids=make_doctors(chance))
            fill_shelves(lambda: _id(chance))
            stock_dispensary(lambda: _id(chance))
    return Accounts(emails, password) if emails else None


def seed(*, patients: int, seed: int, on_patient: Callable[[], None] = lambda: None) -> Accounts:
    """Fill an empty clinic: an account for each role and as many patients."""
    if state.settings().is_production:
        raise DemoRefused("Production takes no demo data.")
    if has_patients(reading()):
        raise DemoRefused("There are patients already; demo data goes into an empty database only.")
    password = secrets.token_urlsafe(12)
    hashed = hash_password(password)
    chance = random.Random(seed)  # noqa: S311 -- demo data, not secrets
    with command("seed.accounts", "user"):
        emails = make_accounts(chance, Role, hashed)
    with command("seed.doctors", "doctor"):
        doctor_ids = make_doctors(chance)
    for first in range(0, patients, A_COMMIT):
        with command("seed.patients", "patient"):
            make_patients(
                chance, min(A_COMMIT, patients - first), doctor_ids=doctor_ids, first=first, on_patient=on_patient
            )
    with command("seed.stock", "item"):
        fill_shelves(lambda: _id(chance))
        stock_dispensary(lambda: _id(chance))
    return Accounts(emails, password)


def email_of(role: Role) -> str:
    """Return the address of the demo account of a role."""
    return f"{role}@demo.example"


def make_accounts(chance: random.Random, roles: Iterable[Role], hashed: str) -> list[str]:
    """Make an active account for each role whose address is free, and return the addresses."""
    made = []
    for role in roles:
        user_id = _id(chance)
        first_name, last_name = STAFF[role]
        if db.session.scalar(select(User.id).where(User.email_key == normal_form(email_of(role)))):
            continue
        user = users.create(
            id=user_id, email=email_of(role), first_name=first_name, last_name=last_name, roles=[role], language="en"
        )
        set_password(user_id=user.id, new_hash=hashed)
        users.activate(user_id=user.id)
        made.append(user.email)
    return made


def make_doctors(chance: random.Random) -> list[uuid.UUID]:
    """Add doctors of several specialties who are not there yet, with hours; the first has the demo doctor's account."""
    made = []
    for number, one in enumerate(DOCTORS):
        doctor_id = _id(chance)
        user_id = _demo_user(Role.DOCTOR) if number == 0 else None
        standing = or_(Doctor.id == doctor_id, and_(Doctor.user_id == user_id, Doctor.user_id.is_not(None)))
        found = db.session.scalar(select(Doctor.id).where(standing))
        if found is not None:
            made.append(found)
            continue
        doctor = profiles.add(
            actor=None,
            id=doctor_id,
            user_id=user_id,
            first_name=one.first_name,
            last_name=one.last_name,
            title="Dr.",
            specialties=list(one.specialties),
            license_number=f"DEMO-{1000 + number}",
            years_of_experience=one.years,
            qualifications=["MD"],
            bio=f"<p>{one.years} years of practice in <strong>{one.city}</strong>.</p>",
            languages=list(one.languages),
            city=one.city,
            consultation_fee=one.fee,
        )
        open_demo_hours(doctor.id, number)
        made.append(doctor.id)
    trails.current().listed(made)
    return made


def make_patients(
    chance: random.Random,
    count: int,
    *,
    doctor_ids: Sequence[uuid.UUID],
    first: int = 0,
    on_patient: Callable[[], None] = lambda: None,
) -> None:
    """Register patients; most are cared for by the demo doctor or nurse, and the first is the demo patient."""
    team = {role: _demo_user(role) for role in (Role.DOCTOR, Role.NURSE)}
    made = []
    for number in range(first, first + count):
        fields = _person(chance, number)
        fields["primary_doctor_id"] = chance.choice(doctor_ids) if chance.random() < 0.8 else None
        if number == 0:
            first_name, last_name = STAFF[Role.PATIENT]
            fields |= {"first_name": first_name, "last_name": last_name, "user_id": _demo_user(Role.PATIENT)}
        patient = people.register(actor=None, confirm_new=True, **fields)
        _chart(chance, patient)
        for role, user_id in team.items():
            if chance.random() < 0.6 and user_id is not None:
                care.join_team(patient_id=patient.id, user_id=user_id, added_by=user_id, role=str(role))
        made.append(patient.id)
        on_patient()
    trail = trails.current()
    trail.object_id = trail.patient_id = None
    trail.listed(made)


def _demo_user(role: Role) -> uuid.UUID | None:
    found: uuid.UUID | None = db.session.scalar(
        select(User.id).where(User.email_key == normal_form(email_of(role)), User.status == UserStatus.ACTIVE)
    )
    return found


def _id(chance: random.Random) -> uuid.UUID:
    return uuid.UUID(int=chance.getrandbits(128), version=4)


def _day(chance: random.Random, first: date, last: date) -> date:
    return first + timedelta(days=chance.randint(0, (last - first).days))


def _person(chance: random.Random, number: int) -> dict[str, object]:
    culture = CULTURES[number % len(CULTURES)]
    sex = chance.choice(("female", "male"))
    city, region, postal_code, area = chance.choice(CITIES)
    has_mail = chance.random() < 0.7
    born = _day(chance, _FIRST_BIRTH, _LAST_BIRTH)
    is_grown = born < _FIRST_MINOR
    return {
        "id": _id(chance),
        "first_name": chance.choice(culture.female if sex == "female" else culture.male),
        "last_name": chance.choice(culture.last),
        "date_of_birth": born,
        "sex": sex,
        # 555-0100 to 555-0199 are kept free for fiction in the North American numbering plan.
        "phone": f"+1{area}55501{chance.randint(0, 99):02d}",
        "email": f"patient{number + 1}@mail.example" if has_mail else None,
        "address": {
            "line1": f"{chance.randint(1, 980)} {chance.choice(STREETS)}",
            "line2": f"Apt {chance.randint(1, 40)}" if chance.random() < 0.3 else None,
            "city": city,
            "state": region,
            "postal_code": postal_code,
            "country": "US",
        },
        "language": culture.language,
        "marital_status": chance.choice(("single", "married", "partnered", "divorced", "widowed"))
        if is_grown
        else None,
    }


def _chart(chance: random.Random, patient: Patient) -> None:
    """Write allergies and conditions; those of the birth year and later only."""
    for substance, kind, reaction in chance.sample(ALLERGIES, chance.choice((0, 0, 1, 1, 2))):
        severity = chance.choice(("mild", "moderate", "severe"))
        chart.add_allergy(
            actor=None,
            patient_id=patient.id,
            id=_id(chance),
            substance=substance,
            allergy_class=kind,
            reaction=reaction,
            severity=severity,
            status="active",
        )
    for code, display in chance.sample(CONDITIONS, chance.choice((0, 1, 1, 2, 3))):
        onset = _day(chance, patient.date_of_birth, _LAST_BIRTH)
        ended = _day(chance, onset, _LAST_BIRTH) if chance.random() < 0.3 else None
        chart.add_condition(
            actor=None,
            patient_id=patient.id,
            id=_id(chance),
            code=code,
            display=display,
            onset_on=onset,
            resolved_on=ended,
            status="resolved" if ended else "active",
        )


def tell(accounts: Accounts) -> None:
    """Say once how to sign in; the password is kept nowhere else."""
    width = max(len(email) for email in accounts.emails)
    click.echo("=" * 72)
    click.echo("Sign in with one of these. The password is shown this once and kept nowhere.")
    for email in accounts.emails:
        click.echo(f"  {email:<{width}}   {accounts.password}")
    click.echo("=" * 72)

"""The row of the clinic, and the specialties that most clinics know."""

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SPECIALTIES = (
    ("allergy_immunology", "Allergy and immunology"),
    ("anesthesiology", "Anesthesiology"),
    ("cardiology", "Cardiology"),
    ("dentistry", "Dentistry"),
    ("dermatology", "Dermatology"),
    ("emergency_medicine", "Emergency medicine"),
    ("endocrinology", "Endocrinology"),
    ("family_medicine", "Family medicine"),
    ("gastroenterology", "Gastroenterology"),
    ("general_practice", "General practice"),
    ("general_surgery", "General surgery"),
    ("geriatrics", "Geriatrics"),
    ("gynecology", "Obstetrics and gynecology"),
    ("hematology", "Hematology"),
    ("infectious_diseases", "Infectious diseases"),
    ("internal_medicine", "Internal medicine"),
    ("nephrology", "Nephrology"),
    ("neurology", "Neurology"),
    ("oncology", "Oncology"),
    ("ophthalmology", "Ophthalmology"),
    ("orthopedics", "Orthopedics"),
    ("otolaryngology", "Ear, nose and throat"),
    ("pediatrics", "Pediatrics"),
    ("physiotherapy", "Physiotherapy"),
    ("psychiatry", "Psychiatry"),
    ("psychology", "Psychology"),
    ("pulmonology", "Pulmonology"),
    ("radiology", "Radiology"),
    ("rheumatology", "Rheumatology"),
    ("urology", "Urology"),
)


def _stamps() -> tuple[sa.ColumnClause, ...]:
    times = (sa.column(name, sa.DateTime(timezone=True)) for name in ("created_at", "updated_at"))
    return (*times, sa.column("version", sa.Integer))


_specialties = sa.table(
    "specialties",
    sa.column("id", sa.Uuid),
    sa.column("code", sa.String),
    sa.column("name", sa.String),
    sa.column("name_key", sa.String),
    *_stamps(),
)
_clinic = sa.table(
    "clinic",
    sa.column("id", sa.Uuid),
    sa.column("number", sa.Integer),
    sa.column("opening_days", sa.JSON),
    *_stamps(),
)


def upgrade() -> None:
    bind = op.get_bind()
    now = datetime.now(UTC)
    stamps = {"created_at": now, "updated_at": now, "version": 1}
    known = set(bind.scalars(sa.select(_specialties.c.code)))
    fresh = [
        {"id": uuid.uuid4(), "code": code, "name": name, "name_key": name.lower().replace(",", ""), **stamps}
        for code, name in SPECIALTIES
        if code not in known
    ]
    if fresh:
        op.bulk_insert(_specialties, fresh)
    if bind.scalar(sa.select(_clinic.c.id)) is None:
        op.bulk_insert(_clinic, [{"id": uuid.uuid4(), "number": 1, "opening_days": [], **stamps}])


def downgrade() -> None:
    """Take out what nobody has used or changed since."""
    bind = op.get_bind()
    used = sa.select(sa.table("doctor_specialties", sa.column("specialty_id", sa.Uuid)).c.specialty_id)
    awaited = sa.select(sa.table("waitlist_entries", sa.column("specialty_id", sa.Uuid)).c.specialty_id)
    bind.execute(
        sa.delete(_specialties).where(
            _specialties.c.code.in_([code for code, _ in SPECIALTIES]),
            _specialties.c.version == 1,
            _specialties.c.id.not_in(used),
            _specialties.c.id.not_in(awaited.where(sa.column("specialty_id").is_not(None))),
        )
    )
    bind.execute(sa.delete(_clinic).where(_clinic.c.version == 1))

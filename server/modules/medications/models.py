"""The catalogue of medication: products on top of items of stock, and what is known of their ingredients.

Amounts are minor units of the clinic's currency for one base unit of the item; tax rates are hundredths of a percent.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from server.core.columns import FoldedKey, Identified, Record
from server.core.constraints import on_violation
from server.core.db import Base
from server.core.errors import Conflict


class RxNormCodeTaken(Conflict):
    """Another medication has this RxNorm code."""

    code = "rxnorm_code_taken"


class Medication(Record, Base):
    """A product that is prescribed or sold. Its stock is its item's.

    `drug_key` is the same for the same drug, strength and form whoever makes it: the controlled register runs by it.
    """

    __tablename__ = "medications"
    __table_args__ = (
        CheckConstraint("price_per_unit >= 0 AND tax_rate >= 0", name="amounts"),
        CheckConstraint("controlled_schedule IN ('II', 'III', 'IV', 'V')", name="controlled_schedule"),
        CheckConstraint("controlled_schedule IS NULL OR prescription_required", name="controlled_by_prescription"),
        Index("uq_medications_item_id", "item_id", unique=True),
        Index("uq_medications_rxnorm_code", "rxnorm_code", unique=True),
        Index("ix_medications_name_key", "name_key", "id"),
        Index("ix_medications_drug_key", "drug_key", "id"),
        Index("ix_medications_created_at", "created_at", "id"),
        Index(
            "ix_medications_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ).ddl_if(dialect="postgresql"),
    )
    audited_values: ClassVar[frozenset[str]] = frozenset(
        {"is_active", "price_per_unit", "tax_rate", "prescription_required", "controlled_schedule"}
    )

    item_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("items.id"))
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(FoldedKey)
    generic_name: Mapped[str | None] = mapped_column(String(300))
    # Brand names under which the product is known too; one line each.
    brands: Mapped[str | None] = mapped_column(Text)
    rxnorm_code: Mapped[str | None] = mapped_column(String(20))
    form: Mapped[str | None] = mapped_column(String(60))
    form_key: Mapped[str] = mapped_column(FoldedKey, default="")
    strength: Mapped[str | None] = mapped_column(String(120))
    dosage: Mapped[str | None] = mapped_column(String(200))
    route: Mapped[str | None] = mapped_column(String(60))
    manufacturer: Mapped[str | None] = mapped_column(String(200))
    prescription_required: Mapped[bool] = mapped_column(default=True)
    controlled_schedule: Mapped[str | None] = mapped_column(String(4))
    price_per_unit: Mapped[int] = mapped_column(BigInteger, default=0)
    tax_rate: Mapped[int] = mapped_column(Integer, default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    drug_key: Mapped[str] = mapped_column(FoldedKey)
    # How many substances are in it: products of just what is looked for come before combinations.
    ingredient_count: Mapped[int] = mapped_column(Integer, default=0)
    # What it is called, each name whole and between bars: name, generic name, ingredients, brands, codes.
    names_text: Mapped[str] = mapped_column(Text, default="")
    # The words of all of them, in which a search looks.
    search_text: Mapped[str] = mapped_column(Text)


class MedicationIngredient(Identified, Base):
    """What is in a product. `name_key` is the folded name, by which the same ingredient is found without a code."""

    __tablename__ = "medication_ingredients"
    __table_args__ = (
        Index("uq_medication_ingredients_name_key", "medication_id", "name_key", unique=True),
        Index("ix_medication_ingredients_name_key", "name_key"),
        Index("ix_medication_ingredients_rxnorm_code", "rxnorm_code"),
    )

    medication_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("medications.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(300))
    name_key: Mapped[str] = mapped_column(FoldedKey)
    rxnorm_code: Mapped[str | None] = mapped_column(String(20))


class MedicationClass(Identified, Base):
    """A class of drugs that a product was said to be of; classes that its ingredients have by the table come beside."""

    __tablename__ = "medication_classes"
    __table_args__ = (Index("uq_medication_classes_name_key", "medication_id", "name_key", unique=True),)

    medication_id: Mapped[uuid.UUID] = mapped_column(Uuid, ForeignKey("medications.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(FoldedKey)


class DrugInteraction(Identified, Base):
    """Two ingredients or classes that harm when they are taken together, each by its folded name; a_key < b_key."""

    __tablename__ = "drug_interactions"
    __table_args__ = (
        CheckConstraint("a_key <= b_key", name="ordered"),
        CheckConstraint("severity IN ('info', 'warning', 'contraindicated')", name="severity"),
        Index("uq_drug_interactions_pair", "a_key", "b_key", unique=True),
        Index("ix_drug_interactions_b_key", "b_key"),
    )

    a_key: Mapped[str] = mapped_column(FoldedKey)
    b_key: Mapped[str] = mapped_column(FoldedKey)
    severity: Mapped[str] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)


on_violation("uq_medications_rxnorm_code", RxNormCodeTaken, field="rxnorm_code")

"""Stock's buying and counting, the catalogue of medication, prescriptions, dispensing and the counter."""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import install_triggers

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _stock()
    _medications()
    _prescriptions()
    _counter()
    install_triggers(op.get_bind())


def _stock() -> None:
    op.create_table(
        "suppliers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("contact_name", sa.String(length=200), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppliers")),
    )
    op.create_index("uq_suppliers_name_key", "suppliers", ["name_key"], unique=True)
    op.create_table(
        "purchase_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ordered_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'ordered', 'partially_received', 'received', 'closed', 'cancelled')",
            name=op.f("ck_purchase_orders_status"),
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_purchase_orders_created_by")),
        sa.ForeignKeyConstraint(["ordered_by"], ["users.id"], name=op.f("fk_purchase_orders_ordered_by")),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.id"], name=op.f("fk_purchase_orders_supplier_id")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_purchase_orders_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_orders")),
    )
    op.create_index("ix_purchase_orders_status", "purchase_orders", ["status", "id"], unique=False)
    op.create_index("ix_purchase_orders_supplier_id", "purchase_orders", ["supplier_id", "id"], unique=False)
    op.create_index("uq_purchase_orders_number", "purchase_orders", ["number"], unique=True)
    op.create_table(
        "purchase_order_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("quantity_ordered", sa.Integer(), nullable=False),
        sa.Column("quantity_received", sa.Integer(), nullable=False),
        sa.Column("unit_cost", sa.BigInteger(), nullable=False),
        sa.Column("pack_size", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "quantity_ordered > 0 AND pack_size > 0 AND unit_cost >= 0", name=op.f("ck_purchase_order_lines_amounts")
        ),
        sa.CheckConstraint(
            "quantity_received >= 0 AND quantity_received <= quantity_ordered",
            name=op.f("ck_purchase_order_lines_received"),
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_purchase_order_lines_item_id")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["purchase_orders.id"], name=op.f("fk_purchase_order_lines_order_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_order_lines")),
    )
    op.create_index("ix_purchase_order_lines_item_id", "purchase_order_lines", ["item_id", "id"], unique=False)
    op.create_index("uq_purchase_order_lines_position", "purchase_order_lines", ["order_id", "position"], unique=True)
    op.create_table(
        "order_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["purchase_orders.id"], name=op.f("fk_order_receipts_order_id")),
        sa.ForeignKeyConstraint(["received_by"], ["users.id"], name=op.f("fk_order_receipts_received_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_receipts")),
    )
    op.create_index("ix_order_receipts_order_id", "order_receipts", ["order_id", "id"], unique=False)
    op.create_table(
        "order_receipt_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_receipt_lines_quantity")),
        sa.ForeignKeyConstraint(["line_id"], ["purchase_order_lines.id"], name=op.f("fk_order_receipt_lines_line_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_order_receipt_lines_lot_id")),
        sa.ForeignKeyConstraint(["receipt_id"], ["order_receipts.id"], name=op.f("fk_order_receipt_lines_receipt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_receipt_lines")),
    )
    op.create_index("ix_order_receipt_lines_receipt_id", "order_receipt_lines", ["receipt_id", "id"], unique=False)
    op.create_table(
        "stock_reservations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("document_type", sa.String(length=40), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("reserved_by", sa.Uuid(), nullable=True),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_reservations_quantity")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_stock_reservations_item_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_stock_reservations_lot_id")),
        sa.ForeignKeyConstraint(["reserved_by"], ["users.id"], name=op.f("fk_stock_reservations_reserved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_reservations")),
    )
    op.create_index(
        "ix_stock_reservations_document", "stock_reservations", ["document_type", "document_id"], unique=False
    )
    op.create_index(
        "uq_stock_reservations_lot_id", "stock_reservations", ["lot_id", "document_type", "document_id"], unique=True
    )
    op.create_table(
        "stocktakes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'closed', 'cancelled')", name=op.f("ck_stocktakes_status")),
        sa.ForeignKeyConstraint(["closed_by"], ["users.id"], name=op.f("fk_stocktakes_closed_by")),
        sa.ForeignKeyConstraint(["opened_by"], ["users.id"], name=op.f("fk_stocktakes_opened_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stocktakes")),
    )
    op.create_index("ix_stocktakes_status", "stocktakes", ["status", "id"], unique=False)
    op.create_index("uq_stocktakes_number", "stocktakes", ["number"], unique=True)
    op.create_table(
        "stocktake_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("stocktake_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("movement_count", sa.Integer(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=True),
        sa.Column("counted_by", sa.Uuid(), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("expected >= 0 AND counted >= 0", name=op.f("ck_stocktake_lines_amounts")),
        sa.ForeignKeyConstraint(["counted_by"], ["users.id"], name=op.f("fk_stocktake_lines_counted_by")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_stocktake_lines_item_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_stocktake_lines_lot_id")),
        sa.ForeignKeyConstraint(["stocktake_id"], ["stocktakes.id"], name=op.f("fk_stocktake_lines_stocktake_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stocktake_lines")),
    )
    op.create_index("ix_stocktake_lines_lot_id", "stocktake_lines", ["lot_id"], unique=False)
    op.create_index("uq_stocktake_lines_lot_id", "stocktake_lines", ["stocktake_id", "lot_id"], unique=True)
    with op.batch_alter_table("items") as batch:
        batch.add_column(sa.Column("supplier_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("image", sa.Text(), nullable=True))
        batch.add_column(sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
        batch.create_foreign_key(op.f("fk_items_supplier_id"), "suppliers", ["supplier_id"], ["id"])
    op.execute("UPDATE items SET search_text = ' ' || name_key || ' '")
    with op.batch_alter_table("items") as batch:
        batch.alter_column("search_text", server_default=None)
    with op.batch_alter_table("lots") as batch:
        batch.add_column(sa.Column("status_reason", sa.Text(), nullable=True))
        batch.add_column(sa.Column("status_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("status_by", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_lots_status_by"), "users", ["status_by"], ["id"])
    op.create_index("ix_items_barcode", "items", ["barcode"])
    op.create_index("ix_items_supplier_id", "items", ["supplier_id", "id"])

    op.create_index("ix_stock_movements_activity_type", "stock_movements", ["activity_type", "id"], unique=False)
    op.create_index("ix_stock_movements_occurred_at", "stock_movements", ["occurred_at", "id"], unique=False)


def _medications() -> None:
    op.create_table(
        "medications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("generic_name", sa.String(length=300), nullable=True),
        sa.Column("brands", sa.Text(), nullable=True),
        sa.Column("rxnorm_code", sa.String(length=20), nullable=True),
        sa.Column("form", sa.String(length=60), nullable=True),
        sa.Column(
            "form_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("strength", sa.String(length=120), nullable=True),
        sa.Column("dosage", sa.String(length=200), nullable=True),
        sa.Column("route", sa.String(length=60), nullable=True),
        sa.Column("manufacturer", sa.String(length=200), nullable=True),
        sa.Column("prescription_required", sa.Boolean(), nullable=False),
        sa.Column("controlled_schedule", sa.String(length=4), nullable=True),
        sa.Column("price_per_unit", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column(
            "drug_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("ingredient_count", sa.Integer(), nullable=False),
        sa.Column("names_text", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "controlled_schedule IN ('II', 'III', 'IV', 'V')", name=op.f("ck_medications_controlled_schedule")
        ),
        sa.CheckConstraint(
            "controlled_schedule IS NULL OR prescription_required",
            name=op.f("ck_medications_controlled_by_prescription"),
        ),
        sa.CheckConstraint("price_per_unit >= 0 AND tax_rate >= 0", name=op.f("ck_medications_amounts")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_medications_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medications")),
    )
    op.create_index("ix_medications_created_at", "medications", ["created_at", "id"], unique=False)
    op.create_index("ix_medications_drug_key", "medications", ["drug_key", "id"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(
            "ix_medications_search_text",
            "medications",
            ["search_text"],
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        )
    op.create_index("ix_medications_name_key", "medications", ["name_key", "id"], unique=False)
    op.create_index("uq_medications_item_id", "medications", ["item_id"], unique=True)
    op.create_index("uq_medications_rxnorm_code", "medications", ["rxnorm_code"], unique=True)
    op.create_table(
        "medication_ingredients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("medication_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("rxnorm_code", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(
            ["medication_id"],
            ["medications.id"],
            name=op.f("fk_medication_ingredients_medication_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medication_ingredients")),
    )
    op.create_index("ix_medication_ingredients_name_key", "medication_ingredients", ["name_key"], unique=False)
    op.create_index("ix_medication_ingredients_rxnorm_code", "medication_ingredients", ["rxnorm_code"], unique=False)
    op.create_index(
        "uq_medication_ingredients_name_key", "medication_ingredients", ["medication_id", "name_key"], unique=True
    )
    op.create_table(
        "medication_classes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("medication_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["medication_id"], ["medications.id"], name=op.f("fk_medication_classes_medication_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medication_classes")),
    )
    op.create_index("uq_medication_classes_name_key", "medication_classes", ["medication_id", "name_key"], unique=True)
    op.create_table(
        "drug_interactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "a_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "b_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "severity IN ('info', 'warning', 'contraindicated')", name=op.f("ck_drug_interactions_severity")
        ),
        sa.CheckConstraint("a_key <= b_key", name=op.f("ck_drug_interactions_ordered")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drug_interactions")),
    )
    op.create_index("ix_drug_interactions_b_key", "drug_interactions", ["b_key"], unique=False)
    op.create_index("uq_drug_interactions_pair", "drug_interactions", ["a_key", "b_key"], unique=True)


def _prescriptions() -> None:
    op.create_table(
        "prescriptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("rx_number", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("doctor_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("prescriber_name", sa.String(length=200), nullable=True),
        sa.Column("prescriber_license", sa.String(length=60), nullable=True),
        sa.Column("prescriber_phone", sa.String(length=32), nullable=True),
        sa.Column("date_prescribed", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("verify_code", sa.String(length=43), nullable=False),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("renews_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activated_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("source IN ('internal', 'external', 'imported')", name=op.f("ck_prescriptions_source")),
        sa.CheckConstraint(
            "status IN ('draft', 'active', 'partially_filled', 'filled', 'stopped', 'cancelled', 'expired',"
            " 'entered_in_error')",
            name=op.f("ck_prescriptions_status"),
        ),
        sa.ForeignKeyConstraint(["activated_by"], ["users.id"], name=op.f("fk_prescriptions_activated_by")),
        sa.ForeignKeyConstraint(["doctor_id"], ["doctors.id"], name=op.f("fk_prescriptions_doctor_id")),
        sa.ForeignKeyConstraint(["ended_by"], ["users.id"], name=op.f("fk_prescriptions_ended_by")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_prescriptions_patient_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_prescriptions_recorded_by")),
        sa.ForeignKeyConstraint(["renews_id"], ["prescriptions.id"], name=op.f("fk_prescriptions_renews_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["prescriptions.id"], name=op.f("fk_prescriptions_replaces_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_prescriptions_visit_id")),
        sa.ForeignKeyConstraint(["voided_by"], ["users.id"], name=op.f("fk_prescriptions_voided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescriptions")),
    )
    op.create_index("ix_prescriptions_doctor_id", "prescriptions", ["doctor_id", "id"], unique=False)
    op.create_index("ix_prescriptions_expires_on", "prescriptions", ["expires_on", "id"], unique=False)
    op.create_index("ix_prescriptions_patient_id", "prescriptions", ["patient_id", "id"], unique=False)
    op.create_index("ix_prescriptions_status", "prescriptions", ["status", "id"], unique=False)
    op.create_index("ix_prescriptions_visit_id", "prescriptions", ["visit_id", "id"], unique=False)
    op.create_index("uq_prescriptions_replaces_id", "prescriptions", ["replaces_id"], unique=True)
    op.create_index("uq_prescriptions_rx_number", "prescriptions", ["rx_number"], unique=True)
    op.create_index("uq_prescriptions_verify_code", "prescriptions", ["verify_code"], unique=True)
    op.create_table(
        "prescription_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("prescription_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("medication_id", sa.Uuid(), nullable=False),
        sa.Column("dose_value", sa.String(length=20), nullable=True),
        sa.Column("dose_unit", sa.String(length=30), nullable=True),
        sa.Column("route", sa.String(length=60), nullable=True),
        sa.Column("times_per_day", sa.Integer(), nullable=True),
        sa.Column("interval_hours", sa.Integer(), nullable=True),
        sa.Column("as_needed", sa.Boolean(), nullable=False),
        sa.Column("duration_days", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("refills_allowed", sa.Integer(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=True),
        sa.Column("substitution_allowed", sa.Boolean(), nullable=False),
        sa.Column("dispensed", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "dispensed >= 0 AND dispensed <= quantity * (1 + refills_allowed)",
            name=op.f("ck_prescription_items_dispensed"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_prescription_items_quantity")),
        sa.CheckConstraint(
            "refills_allowed >= 0 AND duration_days > 0 AND times_per_day > 0",
            name=op.f("ck_prescription_items_amounts"),
        ),
        sa.ForeignKeyConstraint(
            ["medication_id"], ["medications.id"], name=op.f("fk_prescription_items_medication_id")
        ),
        sa.ForeignKeyConstraint(
            ["prescription_id"], ["prescriptions.id"], name=op.f("fk_prescription_items_prescription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prescription_items")),
    )
    op.create_index(
        "ix_prescription_items_medication_id", "prescription_items", ["medication_id", "prescription_id"], unique=False
    )
    op.create_index(
        "uq_prescription_items_position", "prescription_items", ["prescription_id", "position"], unique=True
    )
    op.create_table(
        "dispenses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("prescription_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("medication_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("fill_number", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("prepared_by", sa.Uuid(), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filled_by", sa.Uuid(), nullable=True),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("override_reason", sa.Text(), nullable=True),
        sa.Column("settled_type", sa.String(length=20), nullable=True),
        sa.Column("settled_id", sa.Uuid(), nullable=True),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_by", sa.Uuid(), nullable=True),
        sa.Column("reverse_reason", sa.Text(), nullable=True),
        sa.Column("never_left_premises", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('prepared', 'filled', 'reversed', 'cancelled')", name=op.f("ck_dispenses_status")
        ),
        sa.CheckConstraint("(settled_type IS NULL) = (settled_id IS NULL)", name=op.f("ck_dispenses_settled")),
        sa.CheckConstraint("quantity > 0 AND unit_price >= 0 AND tax_rate >= 0", name=op.f("ck_dispenses_amounts")),
        sa.ForeignKeyConstraint(["filled_by"], ["users.id"], name=op.f("fk_dispenses_filled_by")),
        sa.ForeignKeyConstraint(["item_id"], ["prescription_items.id"], name=op.f("fk_dispenses_item_id")),
        sa.ForeignKeyConstraint(["medication_id"], ["medications.id"], name=op.f("fk_dispenses_medication_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_dispenses_patient_id")),
        sa.ForeignKeyConstraint(["prepared_by"], ["users.id"], name=op.f("fk_dispenses_prepared_by")),
        sa.ForeignKeyConstraint(["prescription_id"], ["prescriptions.id"], name=op.f("fk_dispenses_prescription_id")),
        sa.ForeignKeyConstraint(["reversed_by"], ["users.id"], name=op.f("fk_dispenses_reversed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispenses")),
    )
    op.create_index("ix_dispenses_patient_id", "dispenses", ["patient_id", "id"], unique=False)
    op.create_index("ix_dispenses_prescription_id", "dispenses", ["prescription_id", "id"], unique=False)
    op.create_index(
        "ix_dispenses_to_pay",
        "dispenses",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status = 'filled' AND settled_id IS NULL"),
        sqlite_where=sa.text("status = 'filled' AND settled_id IS NULL"),
    )
    op.create_index(
        "ix_dispenses_item_id",
        "dispenses",
        ["item_id", "fill_number"],
        unique=False,
        postgresql_where=sa.text("status IN ('prepared', 'filled')"),
        sqlite_where=sa.text("status IN ('prepared', 'filled')"),
    )
    op.create_table(
        "dispense_lots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dispense_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_dispense_lots_quantity")),
        sa.ForeignKeyConstraint(["dispense_id"], ["dispenses.id"], name=op.f("fk_dispense_lots_dispense_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_dispense_lots_lot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispense_lots")),
    )
    op.create_index("ix_dispense_lots_lot_id", "dispense_lots", ["lot_id"], unique=False)
    op.create_index("uq_dispense_lots_lot_id", "dispense_lots", ["dispense_id", "lot_id"], unique=True)
    op.create_table(
        "safety_findings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("prescription_id", sa.Uuid(), nullable=False),
        sa.Column("dispense_id", sa.Uuid(), nullable=True),
        sa.Column("stage", sa.String(length=10), nullable=False),
        sa.Column("finding_id", sa.String(length=43), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("item_index", sa.Integer(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("is_acknowledged", sa.Boolean(), nullable=False),
        sa.Column("override_reason", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "severity IN ('info', 'warning', 'contraindicated')", name=op.f("ck_safety_findings_severity")
        ),
        sa.ForeignKeyConstraint(["dispense_id"], ["dispenses.id"], name=op.f("fk_safety_findings_dispense_id")),
        sa.ForeignKeyConstraint(
            ["prescription_id"], ["prescriptions.id"], name=op.f("fk_safety_findings_prescription_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_safety_findings_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_findings")),
    )
    op.create_index("ix_safety_findings_prescription_id", "safety_findings", ["prescription_id", "id"], unique=False)


def _counter() -> None:
    op.create_table(
        "sales",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("receipt_number", sa.String(length=20), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("subtotal", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("sold_by", sa.Uuid(), nullable=True),
        sa.Column("sold_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("refunded <= total", name=op.f("ck_sales_refunded")),
        sa.CheckConstraint("total = subtotal + tax AND change >= 0 AND refunded >= 0", name=op.f("ck_sales_amounts")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_sales_patient_id")),
        sa.ForeignKeyConstraint(["sold_by"], ["users.id"], name=op.f("fk_sales_sold_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales")),
    )
    op.create_index("ix_sales_patient_id", "sales", ["patient_id", "id"], unique=False)
    op.create_index("ix_sales_sold_at", "sales", ["sold_at", "id"], unique=False)
    op.create_index("ix_sales_sold_by", "sales", ["sold_by", "id"], unique=False)
    op.create_index("uq_sales_receipt_number", "sales", ["receipt_number"], unique=True)
    op.create_table(
        "sale_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("medication_id", sa.Uuid(), nullable=False),
        sa.Column("dispense_id", sa.Uuid(), nullable=True),
        sa.Column("description", sa.String(length=300), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.Integer(), nullable=False),
        sa.Column("subtotal", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("refunded_quantity", sa.Integer(), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0 AND unit_price >= 0 AND tax_rate >= 0", name=op.f("ck_sale_lines_amounts")),
        sa.CheckConstraint(
            "refunded_amount >= 0 AND refunded_amount <= total", name=op.f("ck_sale_lines_refunded_amount")
        ),
        sa.CheckConstraint(
            "refunded_quantity >= 0 AND refunded_quantity <= quantity", name=op.f("ck_sale_lines_refunded_quantity")
        ),
        sa.CheckConstraint("total = subtotal + tax", name=op.f("ck_sale_lines_total")),
        sa.ForeignKeyConstraint(["dispense_id"], ["dispenses.id"], name=op.f("fk_sale_lines_dispense_id")),
        sa.ForeignKeyConstraint(["medication_id"], ["medications.id"], name=op.f("fk_sale_lines_medication_id")),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name=op.f("fk_sale_lines_sale_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale_lines")),
    )
    op.create_index("ix_sale_lines_medication_id", "sale_lines", ["medication_id", "sale_id"], unique=False)
    op.create_index("uq_sale_lines_dispense_id", "sale_lines", ["dispense_id"], unique=True)
    op.create_index("uq_sale_lines_position", "sale_lines", ["sale_id", "position"], unique=True)
    op.create_table(
        "sale_payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=True),
        sa.CheckConstraint(
            "method IN ('cash', 'credit_card', 'debit_card', 'bank_transfer', 'mobile', 'insurance', 'voucher')",
            name=op.f("ck_sale_payments_method"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_sale_payments_amount")),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name=op.f("fk_sale_payments_sale_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale_payments")),
    )
    op.create_index("ix_sale_payments_sale_id", "sale_payments", ["sale_id", "id"], unique=False)
    op.create_table(
        "sale_refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("is_restocked", sa.Boolean(), nullable=False),
        sa.Column("refunded_by", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "method IN ('cash', 'credit_card', 'debit_card', 'bank_transfer', 'mobile', 'insurance', 'voucher')",
            name=op.f("ck_sale_refunds_method"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_sale_refunds_amount")),
        sa.ForeignKeyConstraint(["refunded_by"], ["users.id"], name=op.f("fk_sale_refunds_refunded_by")),
        sa.ForeignKeyConstraint(["sale_id"], ["sales.id"], name=op.f("fk_sale_refunds_sale_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale_refunds")),
    )
    op.create_index("ix_sale_refunds_sale_id", "sale_refunds", ["sale_id", "id"], unique=False)
    op.create_table(
        "sale_refund_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0 AND amount >= 0", name=op.f("ck_sale_refund_lines_amounts")),
        sa.ForeignKeyConstraint(["line_id"], ["sale_lines.id"], name=op.f("fk_sale_refund_lines_line_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["sale_refunds.id"], name=op.f("fk_sale_refund_lines_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale_refund_lines")),
    )
    op.create_index("uq_sale_refund_lines_line_id", "sale_refund_lines", ["refund_id", "line_id"], unique=True)
    op.create_table(
        "controlled_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "drug_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("medication_id", sa.Uuid(), nullable=False),
        sa.Column("movement_id", sa.Uuid(), nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("balance", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("document_type", sa.String(length=40), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("witness_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("change <> 0 AND balance >= 0", name=op.f("ck_controlled_entries_amounts")),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["controlled_entries.id"], name=op.f("fk_controlled_entries_corrects_id")
        ),
        sa.ForeignKeyConstraint(
            ["medication_id"], ["medications.id"], name=op.f("fk_controlled_entries_medication_id")
        ),
        sa.ForeignKeyConstraint(
            ["movement_id"], ["stock_movements.id"], name=op.f("fk_controlled_entries_movement_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_controlled_entries_user_id")),
        sa.ForeignKeyConstraint(["witness_id"], ["users.id"], name=op.f("fk_controlled_entries_witness_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_controlled_entries")),
    )
    op.create_index("ix_controlled_entries_medication_id", "controlled_entries", ["medication_id", "id"], unique=False)
    op.create_index("uq_controlled_entries_movement_id", "controlled_entries", ["movement_id"], unique=True)
    op.create_index("uq_controlled_entries_number", "controlled_entries", ["drug_key", "number"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_stock_movements_occurred_at", "stock_movements")
    op.drop_index("ix_stock_movements_activity_type", "stock_movements")
    op.drop_index("ix_items_supplier_id", "items")
    op.drop_index("ix_items_barcode", "items")
    with op.batch_alter_table("lots") as batch:
        batch.drop_constraint(op.f("fk_lots_status_by"), type_="foreignkey")
        batch.drop_column("status_by")
        batch.drop_column("status_at")
        batch.drop_column("status_reason")
    with op.batch_alter_table("items") as batch:
        batch.drop_constraint(op.f("fk_items_supplier_id"), type_="foreignkey")
        batch.drop_column("search_text")
        batch.drop_column("image")
        batch.drop_column("supplier_id")
    op.drop_table("sale_refund_lines")
    op.drop_table("sale_lines")
    op.drop_table("safety_findings")
    op.drop_table("dispense_lots")
    op.drop_table("dispenses")
    op.drop_table("prescription_items")
    op.drop_table("prescriptions")
    op.drop_table("sale_refunds")
    op.drop_table("sale_payments")
    op.drop_table("controlled_entries")
    op.drop_table("stocktake_lines")
    op.drop_table("stock_reservations")
    op.drop_table("sales")
    op.drop_table("order_receipt_lines")
    op.drop_table("medication_ingredients")
    op.drop_table("medication_classes")
    op.drop_table("purchase_order_lines")
    op.drop_table("order_receipts")
    op.drop_table("medications")
    op.drop_table("stocktakes")
    op.drop_table("purchase_orders")
    op.drop_table("suppliers")
    op.drop_table("drug_interactions")
    install_triggers(op.get_bind())

"""Files as people sent them, stock with its ledger, the fee schedule and charges."""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import install_triggers

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("storage_key", sa.String(length=80), nullable=False),
        sa.Column("preview_key", sa.String(length=80), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=60), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("scan", sa.String(length=10), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scan_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("scan IN ('pending', 'clean', 'infected', 'unscanned')", name=op.f("ck_stored_files_scan")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_stored_files_size")),
        sa.CheckConstraint("status IN ('staged', 'kept', 'dropped')", name=op.f("ck_stored_files_status")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["users.id"], name=op.f("fk_stored_files_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_files")),
    )
    op.create_index(
        "ix_stored_files_scan",
        "stored_files",
        ["id"],
        unique=False,
        postgresql_where=sa.text("scan = 'pending'"),
        sqlite_where=sa.text("scan = 'pending'"),
    )
    op.create_index(
        "ix_stored_files_status",
        "stored_files",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status <> 'kept'"),
        sqlite_where=sa.text("status <> 'kept'"),
    )
    op.create_index("uq_stored_files_storage_key", "stored_files", ["storage_key"], unique=True)
    op.create_table(
        "item_categories",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_categories")),
    )
    op.create_index("uq_item_categories_name_key", "item_categories", ["name_key"], unique=True)
    op.create_table(
        "items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("brand", sa.String(length=200), nullable=True),
        sa.Column("sku", sa.String(length=60), nullable=True),
        sa.Column("barcode", sa.String(length=60), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("unit", sa.String(length=30), nullable=False),
        sa.Column("pack_size", sa.Integer(), nullable=False),
        sa.Column("reorder_point", sa.Integer(), nullable=False),
        sa.Column("target_level", sa.Integer(), nullable=False),
        sa.Column("is_critical", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("unit_cost", sa.BigInteger(), nullable=False),
        sa.Column("purchase_link", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("movement_count", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('medication', 'supply', 'equipment')", name=op.f("ck_items_kind")),
        sa.CheckConstraint("on_hand >= 0", name=op.f("ck_items_on_hand")),
        sa.CheckConstraint("pack_size > 0", name=op.f("ck_items_pack_size")),
        sa.CheckConstraint("reorder_point >= 0 AND target_level >= 0 AND unit_cost >= 0", name=op.f("ck_items_levels")),
        sa.ForeignKeyConstraint(["category_id"], ["item_categories.id"], name=op.f("fk_items_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
    )
    op.create_index("ix_items_category_id", "items", ["category_id", "id"], unique=False)
    op.create_index("ix_items_name_key", "items", ["name_key", "id"], unique=False)
    op.create_index("uq_items_sku", "items", ["sku"], unique=True)
    op.create_table(
        "lots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("lot_number", sa.String(length=60), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("unit_cost", sa.BigInteger(), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('available', 'quarantined', 'on_hold', 'recalled', 'damaged')", name=op.f("ck_lots_status")
        ),
        sa.CheckConstraint("on_hand >= 0", name=op.f("ck_lots_on_hand")),
        sa.CheckConstraint("reserved >= 0 AND reserved <= on_hand", name=op.f("ck_lots_reserved")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_lots_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
    )
    op.create_index("ix_lots_expires_on", "lots", ["expires_on", "id"], unique=False)
    op.create_index("ix_lots_item_id", "lots", ["item_id", "expires_on", "id"], unique=False)
    op.create_table(
        "stock_movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("quantity_changed_by", sa.Integer(), nullable=False),
        sa.Column("resulting_quantity", sa.Integer(), nullable=False),
        sa.Column("activity_type", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("document_type", sa.String(length=40), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("witness_id", sa.Uuid(), nullable=True),
        sa.Column("transaction_id", sa.Uuid(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity_changed_by <> 0", name=op.f("ck_stock_movements_moves")),
        sa.CheckConstraint("resulting_quantity >= 0", name=op.f("ck_stock_movements_resulting_quantity")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_stock_movements_item_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("fk_stock_movements_lot_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_stock_movements_user_id")),
        sa.ForeignKeyConstraint(["witness_id"], ["users.id"], name=op.f("fk_stock_movements_witness_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movements")),
    )
    op.create_index("ix_stock_movements_document", "stock_movements", ["document_type", "document_id"], unique=False)
    op.create_index("ix_stock_movements_lot_id", "stock_movements", ["lot_id", "id"], unique=False)
    op.create_index("uq_stock_movements_number", "stock_movements", ["item_id", "number"], unique=True)
    op.create_table(
        "services",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column(
            "code_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "name_key",
            sa.String(length=300).with_variant(sa.String(length=300, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("price >= 0 AND tax_rate >= 0", name=op.f("ck_services_amounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
    )
    op.create_index("ix_services_name_key", "services", ["name_key", "id"], unique=False)
    op.create_index("uq_services_code_key", "services", ["code_key"], unique=True)
    op.create_table(
        "charges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source_type", sa.String(length=30), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("visit_id", sa.Uuid(), nullable=True),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("description", sa.String(length=300), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate", sa.Integer(), nullable=False),
        sa.Column("service_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("raised_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'invoiced', 'settled', 'void')", name=op.f("ck_charges_status")),
        sa.CheckConstraint("amount >= 0 AND tax_rate >= 0", name=op.f("ck_charges_amounts")),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name=op.f("fk_charges_patient_id")),
        sa.ForeignKeyConstraint(["raised_by"], ["users.id"], name=op.f("fk_charges_raised_by")),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name=op.f("fk_charges_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charges")),
    )
    op.create_index("ix_charges_patient_id", "charges", ["patient_id", "status", "id"], unique=False)
    op.create_index("ix_charges_visit_id", "charges", ["visit_id"], unique=False)
    op.create_index(
        "uq_charges_source",
        "charges",
        ["source_type", "source_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'void'"),
        sqlite_where=sa.text("status <> 'void'"),
    )
    install_triggers(op.get_bind())


def downgrade() -> None:
    op.drop_table("charges")
    op.drop_table("services")
    op.drop_table("stock_movements")
    op.drop_table("lots")
    op.drop_table("items")
    op.drop_table("item_categories")
    op.drop_table("stored_files")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change() CASCADE")

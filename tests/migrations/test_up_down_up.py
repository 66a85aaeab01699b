"""Every migration can be taken back and made again, and ends at what the models say."""

import flask_migrate
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from server.core.db import db
from tests.legs import MIGRATIONS

SQLITE_SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
POSTGRES_SCHEMA = """
    SELECT 'column', table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '')
        FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, prosrc FROM pg_proc p
        WHERE pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    ORDER BY 1, 2, 3
"""


def schema():
    query = SQLITE_SCHEMA if db.engine.dialect.name == "sqlite" else POSTGRES_SCHEMA
    with db.engine.connect() as connection:
        found = connection.execute(text(query)).all()
    # A table that batch mode rebuilt names its constraints in any order.
    return [(kind, name, sorted((sql or "").removesuffix("\n)").split(", \n"))) for kind, name, sql in found]


def test_up_down_up(leg, make_app):
    app = make_app(DATABASE_URI=leg.empty_database())
    with app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        first = schema()
        flask_migrate.downgrade(directory=str(MIGRATIONS), revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        assert [kind for kind, *_ in schema() if kind in {"trigger", "function"}] == []
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        assert schema() == first


def test_the_models_say_what_the_migrations_make(leg, make_app):
    app = make_app(DATABASE_URI=leg.empty_database())
    with app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        flask_migrate.check(directory=str(MIGRATIONS))


def test_the_head_file_names_the_only_head():
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [(MIGRATIONS / "HEAD").read_text().strip()]

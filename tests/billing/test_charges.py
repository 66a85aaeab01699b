"""What is done is charged once; a charge that is taken back makes room for another."""

import uuid
from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from server.core import constraints
from server.core.db import db
from server.core.uow import command
from server.modules.billing.models import AlreadyCharged, Charge
from server.modules.billing.service import charges
from tests.factories.people import make_patient

SOURCE = {"source_type": "treatment", "source_id": uuid.UUID("0190c6c1-0000-7000-8000-000000000001")}


@pytest.fixture
def patient(app):
    """Give a patient."""
    return make_patient(app)


def charge(app, patient, **fields):
    facts = {
        **SOURCE,
        "patient_id": patient.id,
        "visit_id": None,
        "description": "Dressing",
        "amount": 1250,
        "tax_rate": 750,
        "service_on": date(2026, 3, 2),
        **fields,
    }
    with app.app_context(), command("tests.charge", "charge"):
        made = charges.raise_charge(actor=None, **facts)
        return made and made.id


def void(app, **source):
    with app.app_context(), command("tests.void", "charge"):
        found = charges.void_charge(**{**SOURCE, **source})
        return found and found.status


def statuses(app):
    with app.app_context(), db.engine.connect() as connection:
        return list(connection.scalars(Charge.__table__.select().with_only_columns(Charge.status).order_by(Charge.id)))


def set_status(app, status):
    with app.app_context(), command("tests.set", "charge"):
        db.session.execute(Charge.__table__.update().values(status=status))


def test_a_charge_says_what_was_done_and_what_it_costs(app, patient):
    charge_id = charge(app, patient)
    with app.app_context():
        made = db.session.get_one(Charge, charge_id)
        assert (made.description, made.amount, made.tax_rate, made.status) == ("Dressing", 1250, 750, "open")
        assert (made.patient_id, made.service_on, made.source_id) == (
            patient.id,
            date(2026, 3, 2),
            SOURCE["source_id"],
        )


def test_what_is_free_is_not_charged(app, patient):
    assert charge(app, patient, amount=0) is None
    assert statuses(app) == []


def test_a_source_is_charged_once(app, patient):
    charge(app, patient)
    with pytest.raises(IntegrityError) as caught:
        charge(app, patient, amount=1)
    assert isinstance(constraints.domain_error(caught.value), AlreadyCharged)
    assert charge(app, patient, source_type="procedure") is not None
    assert statuses(app) == ["open", "open"]


def test_a_void_charge_frees_its_source(app, patient):
    charge(app, patient)
    assert void(app) == "void"
    assert void(app) is None
    charge(app, patient)
    assert statuses(app) == ["void", "open"]


@pytest.mark.parametrize("status", ["invoiced", "settled"])
def test_what_is_on_an_invoice_or_settled_stays(app, patient, status):
    charge(app, patient)
    set_status(app, status)
    assert void(app) == status
    assert statuses(app) == [status]


def test_where_nothing_was_charged_nothing_is_void(app, patient):
    charge(app, patient)
    assert void(app, source_type="procedure") is None
    assert statuses(app) == ["open"]

"""What is due is found by an index, however many appointments there are."""

from datetime import timedelta

import pytest

from server.modules.appointments.enums import ReminderKind
from server.modules.appointments.queries import due
from server.modules.appointments.service import reminders, sweeps
from tests.appointments import test_plans
from tests.appointments.test_plans import NOW, Plans

# Of twenty thousand appointments three in four are over.
FEW = 2_000


@pytest.fixture
def clinic(app, clock, monkeypatch):
    """Fill a clinic of half a year."""
    monkeypatch.setattr(test_plans, "APPOINTMENTS", 20_000)
    monkeypatch.setattr(test_plans, "PATIENTS", 1_000)
    monkeypatch.setattr(test_plans, "BEGAN", NOW - timedelta(days=150))
    clock.move_to(NOW)
    return test_plans.fill(app)


@pytest.mark.usefixtures("clinic")
def test_what_is_due_is_found_by_an_index(app):
    with app.app_context():
        for pages in (
            due.pages_of_unreminded(
                kind=ReminderKind.DAY_BEFORE, after=NOW, until=NOW + timedelta(days=1), statuses=reminders.REMINDED
            ),
            due.pages_of_unattended(ended_before=NOW - timedelta(hours=1), statuses=sweeps.WAITING),
        ):
            with Plans(app) as plans:
                assert sum(len(page) for page in pages) > 10
            assert plans.faults(most=FEW) == []

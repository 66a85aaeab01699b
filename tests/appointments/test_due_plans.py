"""What is due is found by an index, however many appointments there are."""

from datetime import timedelta

from server.modules.appointments.enums import ReminderKind
from server.modules.appointments.queries import due
from server.modules.appointments.service import reminders, sweeps
from tests.appointments.test_plans import NOW, Plans, clinic

__all__ = ["clinic"]


def test_what_is_due_is_found_by_an_index(app, clinic):
    with app.app_context():
        for pages in (
            due.pages_of_unreminded(
                kind=ReminderKind.DAY_BEFORE, after=NOW, until=NOW + timedelta(days=1), statuses=reminders.REMINDED
            ),
            due.pages_of_unattended(ended_before=NOW - timedelta(hours=1), statuses=sweeps.WAITING),
        ):
            with Plans(app) as plans:
                assert sum(len(page) for page in pages) > 10
            assert plans.faults(most=2_000) == []

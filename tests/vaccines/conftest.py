"""Who and whom the tests of immunisations begin with, on a Monday in March."""

import pytest

from tests.factories.people import signed_in
from tests.vaccines.support import child_of


@pytest.fixture
def doctor(clock, app):
    """Give a client signed in as a doctor."""
    return signed_in(app, "doctor")


@pytest.fixture
def child(doctor):
    """Give the doctor's patient, three months old."""
    return child_of(doctor)

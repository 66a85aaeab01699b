"""Who and whom the tests of a chart begin with."""

import pytest

from tests.factories.people import signed_in
from tests.patients.support import register


@pytest.fixture
def doctor(app):
    """Give a client signed in as a doctor."""
    return signed_in(app, "doctor")


@pytest.fixture
def patient(doctor):
    """Give the doctor's patient."""
    return register(doctor)

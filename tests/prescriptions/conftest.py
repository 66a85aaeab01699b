"""Who and what the tests of prescriptions begin with."""

import pytest

from tests.factories.people import signed_in
from tests.prescriptions.support import make_scene


@pytest.fixture
def scene(app):
    """Give a patient and who cares for them."""
    return make_scene(app)


@pytest.fixture
def pharmacist(app):
    """Give a client signed in as a pharmacist."""
    return signed_in(app, "pharmacist")


@pytest.fixture
def technician(app):
    """Give a client signed in as a pharmacy technician."""
    return signed_in(app, "pharmacy_technician")

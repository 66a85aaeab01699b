"""Who and what the tests of treatments begin with."""

import pytest

from tests.factories.people import signed_in
from tests.treatments.support import make_scene


@pytest.fixture
def scene(app):
    """Give a patient at an open visit and who cares for them."""
    return make_scene(app)


@pytest.fixture
def service(app):
    """Give a service that costs 80.00 and 19 % of tax."""
    body = {"code": "US", "name": "Ultrasound", "price": "80.00", "tax_rate": "19"}
    return signed_in(app, "admin").post("/services", json=body).json["data"]

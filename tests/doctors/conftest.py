"""Who the tests of doctors begin with."""

import pytest

from tests.factories.people import signed_in


@pytest.fixture
def admin(app):
    """Give a client signed in as an admin."""
    return signed_in(app, "admin")

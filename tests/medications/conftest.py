"""Who keeps the catalogue in tests."""

import pytest

from tests.factories.people import signed_in


@pytest.fixture
def pharmacist(app):
    """Give a client signed in as a pharmacist, who keeps the catalogue and receives nothing."""
    return signed_in(app, "pharmacist")


@pytest.fixture
def manager(app):
    """Give a client signed in as the manager of the pharmacy, who also receives stock."""
    return signed_in(app, "pharmacy_manager")

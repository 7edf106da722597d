"""A provider, one that lies and breaks on request, and an installation that trusts it."""

import pytest

from api import create_app
from engine.settings import Settings
from tests import openid


@pytest.fixture(scope="module")
def provider():
    with openid.Provider() as provider:
        provider.knows("ann", name="Ann Archer", preferred_username="ann", groups=["desk"])
        provider.knows("dora-there", name="Dora", groups=["boss", "other"])
        yield provider


@pytest.fixture
def crooked():
    with openid.crooked() as provider:
        yield provider


@pytest.fixture
def serve(database, cast):
    """The application of an installation with a provider."""
    return lambda issuer, **more: create_app(
        database, Settings(database.url, openid=openid.settings(issuer, **more))
    )

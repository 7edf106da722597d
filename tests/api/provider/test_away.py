"""A provider that is away, broken, or says nonsense lets nobody in and harms nobody else."""

from datetime import timedelta

import pytest

from engine.actors import Role
from tests import openid
from tests.api.provider.browser import (
    GROUPS,
    OURS,
    START,
    Browser,
    grants,
    link_to,
)
from tests.server import free_port


def test_a_provider_that_is_away_costs_its_sign_ins_alone(serve, database, cast):
    client = serve(f"http://127.0.0.1:{free_port()}").test_client()

    answer = client.get(f"{START}?next=/inbox")
    page = client.get(answer.headers["Location"])

    assert answer.status_code == 303
    assert "next=/inbox" in answer.headers["Location"]
    assert page.status_code == 200
    assert "Acme does not answer just now" in page.text
    assert client.post(f"/sign-in/{cast.link('dora')}", headers=OURS).status_code == 303


BROKEN = {
    "an error": {"statuses": {"/.well-known/openid-configuration": 500}},
    "another issuer": {"metadata": {"issuer": "https://other.test"}},
    "no keys": {"metadata": {"jwks_uri": None}},
    "a number for an address": {"metadata": {"token_endpoint": 7}},
    "no address": {"metadata": {"authorization_endpoint": "http://["}},
    "a script": {"metadata": {"authorization_endpoint": "javascript:alert(1)"}},
}


@pytest.mark.parametrize("way", BROKEN.values(), ids=BROKEN)
def test_a_broken_provider_does_not_answer(serve, crooked, way):
    for name, value in way.items():
        setattr(crooked, name, value)

    answer = serve(crooked.issuer).test_client().get(START)

    assert "provider=silent" in answer.headers["Location"]


def test_what_nobody_understands_of_a_provider_does_no_harm(serve, crooked, database, cast):
    link_to(database, cast.dora, crooked.issuer, "ann")
    crooked.metadata = {
        "userinfo_endpoint": 7,
        "scopes_supported": None,
        "token_endpoint_auth_methods_supported": [{}, "client_secret_post"],
    }
    browser = Browser(serve(crooked.issuer, groups=GROUPS))

    answer = browser.come_back(crooked.authorize(browser.begin()))

    assert answer.status_code == 303
    assert crooked.got_forms[0]["client_secret"] == [openid.CLIENT_SECRET]


@pytest.mark.parametrize("path", ["/token", "/jwks", "/userinfo"])
def test_a_provider_that_breaks_in_the_middle_lets_nobody_in(serve, crooked, database, cast, path):
    link_to(database, cast.dora, crooked.issuer, "ann")
    browser = Browser(serve(crooked.issuer, groups=GROUPS))
    back = crooked.authorize(browser.begin())
    crooked.statuses = {path: 500}

    answer = browser.come_back(back)

    assert "provider=silent" in answer.headers["Location"]
    assert grants(database, "dora") == {(Role.RESPONDER, "Service Desk")}


def test_a_provider_that_is_back_is_asked_again_after_a_moment(serve, crooked, time_travel):
    app = serve(crooked.issuer)
    crooked.statuses = {"/.well-known/openid-configuration": 500}
    app.test_client().get(START)
    app.test_client().get(START)
    asked = len(crooked.got)
    crooked.statuses = {}
    time_travel(timedelta(seconds=11))

    answer = app.test_client().get(START)

    assert asked == 1
    assert answer.headers["Location"].startswith(f"{crooked.issuer}/authorize")


def test_addresses_inside_that_a_provider_names_are_not_asked(serve, crooked, database, cast):
    """Its own host is allowed by the settings; where it points to is not."""
    link_to(database, cast.dora, crooked.issuer, "ann")
    crooked.metadata = {"jwks_uri": "http://169.254.169.254/latest/meta-data"}
    browser = Browser(serve(crooked.issuer))

    answer = browser.come_back(crooked.authorize(browser.begin()))

    assert "provider=silent" in answer.headers["Location"]


def test_groups_that_only_the_userinfo_tells_count(serve, crooked, database, cast):
    link_to(database, cast.dora, crooked.issuer, "ann")
    crooked.userinfo = {"sub": "ann", "groups": "boss"}
    browser = Browser(serve(crooked.issuer, groups=GROUPS))

    browser.come_back(crooked.authorize(browser.begin()))

    assert grants(database, "dora") == {(Role.INCIDENT_MANAGER, ""), (Role.AUDITOR, "")}


def test_the_userinfo_of_somebody_else_is_refused(serve, crooked, database, cast):
    link_to(database, cast.dora, crooked.issuer, "ann")
    crooked.userinfo = {"sub": "bob", "groups": ["boss"]}
    browser = Browser(serve(crooked.issuer, groups=GROUPS))

    answer = browser.come_back(crooked.authorize(browser.begin()))

    assert answer.status_code == 400
    assert grants(database, "dora") == {(Role.RESPONDER, "Service Desk")}

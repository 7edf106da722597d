"""An address that may not be asked stands in the security log, whoever it came from; once."""

from urllib.parse import urlsplit

import pytest

from api import create_app
from engine import outbox, worker
from engine.actors import SYSTEM
from engine.jobs import Job
from engine.outbox import NotSent, Outside
from engine.security_log import Kind
from engine.settings import Settings
from engine.store.tables import Effect, EffectStatus, SecurityEvent
from tests import openid
from tests.security.test_outbound import INSIDE, names, receiver  # noqa: F401 -- names: a fixture

START = "/sign-in-with/openid"
METADATA = "http://169.254.169.254/latest/meta-data"


@pytest.fixture
def logged(database):
    def read():
        with database.reading() as session:
            return session.query(SecurityEvent).order_by(SecurityEvent.id).all()

    return read


# ---- effects


@pytest.fixture
def effect(database, names):  # noqa: F811
    """Sends one effect by its job to an address that the operator has set, and returns it."""
    with database.transaction() as session:
        outbox.alert(session, "A process failed", {"message": "No such list."})
        session.flush()
        key = session.query(Effect).one().key

    names["receiver.test"] = [["127.0.0.1"]]

    def send(url):
        doing = worker.doing(database, Outside(alert_url=url))
        with pytest.raises(NotSent):
            doing[Job.SEND_EFFECT](key)
        with database.reading() as session:
            return session.get_one(Effect, key)

    return send


@pytest.mark.parametrize("inside", INSIDE)
def test_an_effect_that_is_redirected_inside_is_refused_and_logged(effect, logged, names, inside):  # noqa: F811
    shown = f"[{inside}]" if ":" in inside else inside

    with receiver(302, Location=f"http://{shown}/") as (port, got):
        refused = effect(f"http://receiver.test:{port}/")

    assert len(got) == 2  # the request and its body, and no further one
    assert refused.status is EffectStatus.PENDING
    (entry,) = logged()
    assert (entry.event, entry.actor_name) == (Kind.ADDRESS_REFUSED, SYSTEM.name)
    assert "which is not a public address" in entry.detail


def test_so_is_one_that_is_redirected_to_a_name_that_leads_inside(effect, logged, names):  # noqa: F811
    names["inner.test"] = [["10.0.0.7"]]

    with receiver(307, Location="https://inner.test/secret") as (port, _):
        effect(f"http://receiver.test:{port}/")

    (entry,) = logged()
    assert "“inner.test” is 10.0.0.7" in entry.detail
    assert "/secret" not in entry.detail


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://ann:key@127.0.0.1/", "file:///etc"])
def test_so_is_one_whose_own_address_is_none(effect, logged, url):
    effect(url)

    (entry,) = logged()
    assert entry.event == Kind.ADDRESS_REFUSED
    assert "key" not in entry.detail


def test_further_attempts_do_not_fill_the_log(effect, logged):
    for target, attempts in ((METADATA, 3), ("http://10.0.0.7/", 2)):
        with receiver(302, Location=target) as (port, _):
            for _ in range(attempts):
                effect(f"http://receiver.test:{port}/")

    assert [("169.254" in entry.detail, "10.0.0.7" in entry.detail) for entry in logged()] == [
        (True, False),
        (False, True),
    ]


def test_a_receiver_that_is_away_or_says_no_is_none_of_them(effect, logged):
    with receiver(500) as (port, _):
        effect(f"http://receiver.test:{port}/")
    effect(f"http://receiver.test:{port}/")

    assert logged() == []


# ---- what a provider says of itself


@pytest.fixture
def browser(served):
    """Of Dora, on her way to sign in by the provider."""
    return served.test_client()


def come_back(browser, provider):
    """From the provider to us."""
    back = urlsplit(provider.authorize(browser.get(START).location))
    return browser.get(f"{back.path}?{back.query}")


@pytest.mark.parametrize(
    "address", [METADATA, "http://[::1]/", "http://inner.test/", "http://x:y@z/"]
)
@pytest.mark.parametrize("endpoint", ["jwks_uri", "token_endpoint", "userinfo_endpoint"])
def test_an_address_inside_in_its_document_is_refused_and_logged(
    endpoint,
    address,
    database,
    browser,
    provider,
    logged,
    names,  # noqa: F811
):
    names["inner.test"] = [["192.168.7.7"]]
    provider.metadata = {endpoint: address}
    if endpoint == "userinfo_endpoint":
        browser = _that_asks_for_groups(database, provider)

    answer = come_back(browser, provider)

    assert "provider=silent" in answer.location
    (entry,) = logged()
    assert (entry.event, entry.route) == (Kind.ADDRESS_REFUSED, f"{START}/callback")
    assert entry.address == "127.0.0.1"


def test_a_discovery_that_redirects_inside_is_refused_and_logged_once(database, cast, logged):
    with receiver(302, Location=METADATA) as (port, got):
        settings = openid.settings(f"http://127.0.0.1:{port}")
        http = create_app(database, Settings(database.url, openid=settings)).test_client()
        answers = [http.get(START) for _ in range(3)]
        http.post(f"/sign-in/{cast.link('dora')}", headers={"Sec-Fetch-Site": "same-origin"})
        linking = http.post("/account/identities", headers={"Sec-Fetch-Site": "same-origin"})

    assert all("provider=silent" in answer.location for answer in answers)
    assert linking.status_code == 503
    assert len(got) == 1
    (entry,) = logged()
    assert entry.route == START
    assert "is 169.254.169.254" in entry.detail


def test_keys_that_redirect_inside_are_refused_and_logged(browser, provider, logged):
    with receiver(302, Location=METADATA) as (port, _):
        host = urlsplit(provider.issuer).hostname  # which the operator allows
        provider.metadata = {"jwks_uri": f"http://{host}:{port}/"}

        come_back(browser, provider)

    assert [entry.event for entry in logged()] == [Kind.ADDRESS_REFUSED]


def _that_asks_for_groups(database, provider):
    settings = openid.settings(provider.issuer, groups='{"desk": "reporter"}')
    return create_app(database, Settings(database.url, openid=settings)).test_client()

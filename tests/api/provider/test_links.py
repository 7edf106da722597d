"""A person links an identity of a provider to their account, and unlinks it."""

from api import create_app
from engine.history import Event
from engine.settings import Settings
from engine.store.tables import ExternalIdentity
from tests.api.provider.browser import (
    OURS,
    Browser,
    link_to,
    rows,
    signed_in,
    told,
)
from tests.server import free_port


def test_a_person_links_an_identity_and_signs_in_by_it(serve, provider, database, cast):
    app = serve(provider.issuer)
    browser, another = signed_in(app, cast, "dora"), Browser(app)

    answer = browser.come_back(provider.authorize(browser.link(), "dora-there"))
    page = browser.client.get(answer.headers["Location"]).text
    later = another.come_back(provider.authorize(another.begin(), "dora-there"))

    assert "dora-there" in page
    assert "Your identity is linked" in page
    assert later.status_code == 303
    assert len(told(database, cast.dora.id, Event.IDENTITY_LINKED)) == 1


def test_an_identity_belongs_to_one_person(serve, provider, database, cast):
    link_to(database, cast.tess, provider.issuer, "dora-there")
    browser = signed_in(serve(provider.issuer), cast, "dora")

    answer = browser.come_back(provider.authorize(browser.link(), "dora-there"))

    assert answer.status_code == 409
    assert "Somebody else signs in by this identity" in answer.text


def test_linking_begins_on_a_page_of_ours(serve, provider, cast):
    browser = signed_in(serve(provider.issuer), cast, "dora")

    answer = browser.client.post("/account/identities", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


def test_linking_ends_with_the_person_who_began_it(serve, provider, database, cast):
    browser = signed_in(serve(provider.issuer), cast, "dora")
    back = provider.authorize(browser.link(), "dora-there")
    browser.client.post(f"/sign-in/{cast.link('tess')}", headers=OURS)

    answer = browser.come_back(back)

    assert answer.status_code == 400
    assert rows(database, ExternalIdentity) == 0


def test_linking_says_when_the_provider_does_not_answer(serve, cast):
    browser = signed_in(serve(f"http://127.0.0.1:{free_port()}"), cast, "dora")

    answer = browser.client.post("/account/identities", headers=OURS)

    assert answer.status_code == 503
    assert "Acme does not answer just now" in answer.text


def test_a_person_unlinks_their_own_identity_and_nobody_elses(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "one")
    link_to(database, cast.dora, provider.issuer, "two")
    link_to(database, cast.tess, provider.issuer, "hers")
    browser = signed_in(serve(provider.issuer), cast, "dora")

    def unlink(subject):
        form = {"issuer": provider.issuer, "subject": subject}
        return browser.client.post("/account/identities/unlink", data=form, headers=OURS)

    assert unlink("hers").status_code == 404
    assert unlink("one").status_code == 303
    assert unlink("one").status_code == 404
    assert rows(database, ExternalIdentity) == 2
    assert len(told(database, cast.dora.id, Event.IDENTITY_UNLINKED)) == 1


def test_the_only_way_in_stays(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "one")
    browser = signed_in(serve(provider.issuer), cast, "dora")

    form = {"issuer": provider.issuer, "subject": "one"}
    answer = browser.client.post("/account/identities/unlink", data=form, headers=OURS)

    assert answer.status_code == 409
    assert "Set a password first" in answer.text


def test_an_identity_of_an_earlier_provider_can_still_be_unlinked(database, cast):
    link_to(database, cast.dora, "https://old.test", "one")
    browser = signed_in(create_app(database, Settings(database.url)), cast, "dora")

    page = browser.client.get("/account/identities").text

    assert "https://old.test" in page
    assert "This installation has no provider" not in page

"""Sign in by an OpenID Connect provider: the real flow, and whatever could be slipped into it."""

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from api import create_app
from engine import history
from engine.actors import Role
from engine.history import Event
from engine.people import accounts, external
from engine.settings import Settings
from engine.store.tables import Credential, ExternalIdentity, Grant, Person, SecurityEvent
from tests import openid
from tests.server import free_port

OURS = {"Sec-Fetch-Site": "same-origin"}
COOKIE = "steadyhand-openid"
START = "/sign-in-with/openid"
GROUPS = json.dumps({"desk": "responder:Service Desk", "boss": ["incident_manager", "auditor"]})


class Browser:
    """Somebody's browser: it keeps cookies, and goes where it is sent."""

    def __init__(self, app):
        self.client = app.test_client()

    def begin(self, path=START):
        """Press the button; the provider's address."""
        return self.client.get(path).headers["Location"]

    def come_back(self, address):
        parts = urlsplit(address)
        return self.client.get(f"{parts.path}?{parts.query}")

    def link(self):
        """Ask for an identity to be linked; the provider's address."""
        answer = self.client.post("/account/identities", headers=OURS)
        return answer.headers["Refresh"].removeprefix("0; url=")

    @property
    def kept(self):
        cookie = self.client.get_cookie(COOKIE)
        return cookie.value if cookie else None


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


def signed_in(app, cast, username):
    browser = Browser(app)
    browser.client.post(f"/sign-in/{cast.link(username)}", headers=OURS)
    return browser


def people(database):
    with database.reading() as session:
        return {person.username: person.id for person in session.query(Person)}


def rows(database, table):
    with database.reading() as session:
        return session.query(table).count()


def grants(database, username):
    with database.reading() as session:
        person = accounts.get(session, username)
        found = session.query(Grant).filter_by(person_id=person.id)
        return {(grant.role, grant.group_name) for grant in found}


def told(database, person_id, event):
    with database.reading() as session:
        return [e for e in history.of(session, person_id) if e.event == event]


def link_to(database, actor, issuer, subject):
    with database.transaction() as session:
        identity = external.Identity(issuer, subject)
        provider = external.Provider(openid.settings(issuer))
        external.link(session, provider, identity, actor)


# ---- the way in


def test_whoever_is_linked_signs_in_by_the_provider(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    browser = Browser(serve(provider.issuer))

    back = provider.authorize(browser.begin(), "dora-there")
    answer = browser.come_back(back)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Dora Desk" in browser.client.get("/", follow_redirects=True).text
    assert browser.kept is None


def test_the_request_asks_for_a_code_with_pkce_state_and_nonce(serve, provider):
    browser = Browser(serve(provider.issuer))

    answer = browser.client.get(START)
    query = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert len({query["state"], query["nonce"], query["code_challenge"]}) == 3
    assert all(len(query[name]) == 43 for name in ("state", "nonce", "code_challenge"))
    assert query["redirect_uri"] == "http://localhost/sign-in-with/openid/callback"
    assert not {query["state"], query["nonce"]} & set(browser.kept)
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Max-Age=600"} <= set(cookie.split("; "))


def test_over_https_the_cookie_is_bound_to_the_host_and_the_way_back_is_https(
    provider, database, cast
):
    settings = Settings(database.url, is_secure=True, openid=openid.settings(provider.issuer))
    answer = create_app(database, settings).test_client().get(START)

    query = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert query["redirect_uri"].startswith("https://localhost/")
    assert answer.headers["Set-Cookie"].startswith("__Host-steadyhand-openid=")
    assert "; Secure" in answer.headers["Set-Cookie"]


def test_a_person_lands_where_they_were_going(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    browser = Browser(serve(provider.issuer))

    address = browser.begin(f"{START}?next=/incidents?status%3Dnew")
    answer = browser.come_back(provider.authorize(address, "dora-there"))

    assert answer.headers["Location"] == "/incidents?status=new"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.test", "https://evil.test/", "/\\evil.test", "evil", "/" + "x" * 600]
)
def test_nobody_is_sent_to_another_site(serve, provider, database, cast, elsewhere):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    browser = Browser(serve(provider.issuer))

    address = browser.client.get(START, query_string={"next": elsewhere}).headers["Location"]
    answer = browser.come_back(provider.authorize(address, "dora-there"))

    assert answer.headers["Location"] == "/"


def test_the_session_that_the_browser_had_ends(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    browser = signed_in(serve(provider.issuer), cast, "dora")
    before = browser.client.get_cookie("steadyhand").value

    browser.come_back(provider.authorize(browser.begin(), "dora-there"))

    after = browser.client.get_cookie("steadyhand").value
    assert after != before
    browser.client.set_cookie("steadyhand", before)
    assert browser.client.get("/password").status_code == 302


def test_the_button_stands_on_the_sign_in_page_where_there_is_a_provider(serve, database, cast):
    without = create_app(database, Settings(database.url)).test_client()
    with_one = serve(f"http://127.0.0.1:{free_port()}").test_client()

    assert START not in without.get("/sign-in").text
    assert 'href="/sign-in-with/openid"' in with_one.get("/sign-in").text
    assert "Sign in with Acme" in with_one.get("/sign-in").text
    assert without.get(START).status_code == 404


# ---- who is known


def test_whom_nobody_knows_here_is_refused_and_told_whom_to_ask(serve, provider, database):
    browser = Browser(serve(provider.issuer))
    before = people(database)

    answer = browser.come_back(provider.authorize(browser.begin(), "ann"))

    assert answer.status_code == 403
    assert "Ask an administrator" in answer.text
    assert people(database) == before
    assert rows(database, ExternalIdentity) == 0


def test_the_same_username_or_address_makes_nobody_the_same(serve, provider, database, cast):
    provider.knows("stranger", preferred_username="ada", email="ada@acme.test", name="Ada Admin")
    browser = Browser(serve(provider.issuer, adds_people=True))

    browser.come_back(provider.authorize(browser.begin(), "stranger"))

    assert people(database).keys() >= {"ada", "ada2"}
    assert grants(database, "ada2") == set()
    assert grants(database, "ada") == {(Role.ADMINISTRATOR, "")}


def test_a_provider_that_may_add_people_adds_them_with_their_groups(serve, provider, database):
    browser = Browser(serve(provider.issuer, adds_people=True, groups=GROUPS))

    browser.come_back(provider.authorize(browser.begin(), "ann"))

    assert "Ann Archer" in browser.client.get("/", follow_redirects=True).text
    assert grants(database, "ann") == {(Role.RESPONDER, "Service Desk")}
    assert len(told(database, people(database)["ann"], Event.IDENTITY_LINKED)) == 1


def test_the_second_sign_in_is_the_same_person(serve, provider, database):
    app = serve(provider.issuer, adds_people=True)

    for _ in range(2):
        browser = Browser(app)
        browser.come_back(provider.authorize(browser.begin(), "ann"))

    assert rows(database, ExternalIdentity) == 1
    assert "ann2" not in people(database)


def test_a_newcomer_in_many_windows_at_one_time_is_added_once(serve, crooked, database):
    crooked.userinfo = {"sub": "ann"}
    app = serve(crooked.issuer, adds_people=True)
    windows = [Browser(app) for _ in range(4)]
    answers = [crooked.authorize(each.begin(), f"code {n}") for n, each in enumerate(windows)]

    with ThreadPoolExecutor(len(windows)) as at_once:
        came = list(at_once.map(lambda each, back: each.come_back(back), windows, answers))

    assert {answer.status_code for answer in came} <= {303, 409}
    assert 303 in {answer.status_code for answer in came}
    assert rows(database, ExternalIdentity) == 1
    assert sum(name.startswith("person") for name in people(database)) == 1


def test_grants_follow_the_provider_at_each_sign_in_and_others_stay(
    serve, provider, database, cast
):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    with database.transaction() as session:
        person = accounts.get(session, "dora")
        own = (Role.RESPONDER, "Network")
        accounts.set_grants(session, person, [*cast.dora.grants, own], cast.ada)
    browser = Browser(serve(provider.issuer, groups=GROUPS))

    browser.come_back(provider.authorize(browser.begin(), "dora-there"))

    assert grants(database, "dora") == {own, (Role.INCIDENT_MANAGER, ""), (Role.AUDITOR, "")}
    *_, entry = told(database, cast.dora.id, Event.GRANTS_CHANGED)
    assert entry.actor_name == "Acme"
    assert "responder in Service Desk" in entry.changes["grants"][0]


def test_who_is_closed_out_here_does_not_come_in_by_the_provider(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    with database.transaction() as session:
        accounts.deactivate(session, accounts.get(session, "dora"), cast.ada)
    browser = Browser(serve(provider.issuer))

    answer = browser.come_back(provider.authorize(browser.begin(), "dora-there"))

    assert answer.status_code == 403
    assert browser.client.get_cookie("steadyhand") is None


# ---- what is replayed or forged


def test_a_callback_counts_once(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    browser = Browser(serve(provider.issuer))
    back = provider.authorize(browser.begin(), "dora-there")
    kept = browser.kept
    browser.come_back(back)
    sessions = rows(database, Credential)

    again = browser.come_back(back)
    browser.client.set_cookie(COOKIE, kept)
    with_its_cookie = browser.come_back(back)

    assert (again.status_code, with_its_cookie.status_code) == (400, 400)
    assert "Start again" in again.text
    assert "Start again" in with_its_cookie.text
    assert rows(database, Credential) == sessions


def test_it_counts_once_even_if_the_provider_gives_the_code_out_again(
    serve, crooked, database, cast
):
    link_to(database, cast.dora, crooked.issuer, "ann")
    browser = Browser(serve(crooked.issuer))
    back = crooked.authorize(browser.begin())
    kept = browser.kept
    first = browser.come_back(back)

    browser.client.set_cookie(COOKIE, kept)
    second = browser.come_back(back)

    assert (first.status_code, second.status_code) == (303, 400)
    assert crooked.got.count("/token") == 2


def test_a_callback_in_another_browser_is_refused(serve, provider, database, cast):
    link_to(database, cast.dora, provider.issuer, "dora-there")
    app = serve(provider.issuer)
    mine, theirs = Browser(app), Browser(app)
    back = provider.authorize(mine.begin(), "dora-there")
    theirs.begin()

    answer = theirs.come_back(back)

    assert answer.status_code == 400
    assert theirs.client.get_cookie("steadyhand") is None


@pytest.mark.parametrize(
    "query",
    ["", "?code=x", "?state=x", "?code=x&state=x", "?error=access_denied", "?code=%00&state=%ff"],
)
def test_a_forged_callback_is_refused_with_a_page_and_reaches_nobody(serve, crooked, query):
    browser = Browser(serve(crooked.issuer))
    browser.begin()

    answer = browser.client.get(f"{START}/callback{query}")

    assert answer.status_code == 400
    assert "Start again" in answer.text
    assert "/token" not in crooked.got


@pytest.mark.parametrize(
    "kept",
    ["", "x", "e30", "W10", "bnVsbA", "é", base64.b64encode(b'{"began_at": 1e999}').decode()],
)
def test_a_forged_cookie_is_refused(serve, crooked, kept):
    browser = Browser(serve(crooked.issuer))
    back = crooked.authorize(browser.begin())
    browser.client.set_cookie(COOKIE, kept)

    answer = browser.come_back(back)

    assert answer.status_code == 400
    assert "/token" not in crooked.got


def test_nobody_changes_what_the_cookie_holds(serve, crooked, database, cast):
    link_to(database, cast.dora, crooked.issuer, "ann")
    browser = Browser(serve(crooked.issuer))
    back = crooked.authorize(browser.begin())
    held = json.loads(base64.urlsafe_b64decode(browser.kept + "=="))
    changed = json.dumps({**held, "next_path": "//evil.test"}).encode()
    browser.client.set_cookie(COOKIE, base64.urlsafe_b64encode(changed).decode().rstrip("="))

    answer = browser.come_back(back)

    assert answer.status_code == 400


def test_a_sign_in_that_took_too_long_is_refused(serve, provider, time_travel):
    browser = Browser(serve(provider.issuer))
    back = provider.authorize(browser.begin(), "ann")
    kept = browser.kept
    time_travel(timedelta(minutes=11))
    browser.client.set_cookie(COOKIE, kept)

    answer = browser.come_back(back)

    assert answer.status_code == 400
    assert "took too long" in answer.text


def test_an_answer_of_another_provider_is_refused(serve, provider):
    browser = Browser(serve(provider.issuer))

    back = provider.authorize(browser.begin(), "ann")
    answer = browser.come_back(f"{back}&iss=https://other.test")

    assert answer.status_code == 400


def test_what_is_refused_stands_in_the_security_log(serve, crooked, database):
    Browser(serve(crooked.issuer)).client.get(f"{START}/callback?code=guessed&state=guessed")

    with database.reading() as session:
        entry = session.query(SecurityEvent).one()
    assert entry.route == "/sign-in-with/openid/callback"
    assert "did not begin in this browser" in entry.detail
    assert "guessed" not in entry.detail


def test_who_does_not_consent_is_told_so(serve, provider):
    browser = Browser(serve(provider.issuer))
    address = browser.begin()
    state = dict(parse_qsl(urlsplit(address).query))["state"]

    answer = browser.client.get(f"{START}/callback?error=access_denied&state={state}")

    assert answer.status_code == 403
    assert "Acme did not let you in" in answer.text


LIES = {
    "of another issuer": {"claims": {"iss": "https://other.test"}},
    "without an issuer": {"claims": {"iss": None}},
    "for another client": {"claims": {"aud": "somebody else"}},
    "for another, on our behalf": {"claims": {"aud": "else", "azp": openid.CLIENT_ID}},
    "for many clients": {"claims": {"aud": [openid.CLIENT_ID, "else"], "azp": "else"}},
    "without an audience": {"claims": {"aud": None}},
    "that has expired": {"claims": {"exp": 1_700_000_000}},
    "that never expires": {"claims": {"exp": None}},
    "of another sign-in": {"claims": {"nonce": "another"}},
    "without a nonce": {"claims": {"nonce": None}},
    "of nobody": {"claims": {"sub": None}},
    "of an empty subject": {"claims": {"sub": ""}},
    "of a number": {"claims": {"sub": 7}},
    "of a subject with a NUL": {"claims": {"sub": "ann\0"}},
    "of a subject without end": {"claims": {"sub": "x" * 300}},
    "for another access token": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "with a shared secret": {"key": openid.shared(), "algorithm": "HS256"},
    "of no key that is known": {"forged": "eyJhbGciOiJSUzI1NiIsImtpZCI6IjcifQ.e30.AAAA"},
    "of no signature": {"forged": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."},
    "of nothing": {"forged": "x"},
    "with odd claims": {"claims": {"amr": "x", "azp": [], "iat": {}}},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_an_id_token_is_refused(serve, crooked, database, cast, lie):
    link_to(database, cast.dora, crooked.issuer, "ann")
    browser = Browser(serve(crooked.issuer))
    back = crooked.authorize(browser.begin())
    for name, value in lie.items():
        setattr(crooked, name, value)

    answer = browser.come_back(back)

    assert answer.status_code == 400, answer.text
    assert "Start again" in answer.text
    assert browser.client.get_cookie("steadyhand") is None


def test_a_token_signed_with_another_key_of_the_same_name_is_refused(
    serve, crooked, database, cast
):
    link_to(database, cast.dora, crooked.issuer, "ann")
    app = serve(crooked.issuer)
    first, second = Browser(app), Browser(app)
    first.come_back(crooked.authorize(first.begin()))
    crooked.key = openid.RSAKey.generate_key(2048, {"kid": "1"})

    answer = second.come_back(crooked.authorize(second.begin(), "another"))

    assert answer.status_code == 400


def test_elliptic_signatures_are_good_as_well(serve, crooked, database, cast):
    link_to(database, cast.dora, crooked.issuer, "ann")
    crooked.key, crooked.algorithm = openid.elliptic(), "ES256"
    browser = Browser(serve(crooked.issuer))

    answer = browser.come_back(crooked.authorize(browser.begin()))

    assert answer.status_code == 303


def test_the_code_goes_with_the_verifier_of_its_challenge(serve, crooked, database, cast):
    link_to(database, cast.dora, crooked.issuer, "ann")
    browser = Browser(serve(crooked.issuer))

    browser.come_back(crooked.authorize(browser.begin()))

    (form,) = crooked.got_forms
    challenge = challenge_of(form["code_verifier"][0])
    assert challenge == crooked.asked["a code"]["code_challenge"]


def challenge_of(verifier):
    """RFC 7636 §4.2, by hand."""
    hashed = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(hashed).decode().rstrip("=")


# ---- when the provider is away


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


# ---- link and unlink


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

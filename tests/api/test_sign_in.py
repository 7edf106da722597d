"""Sign-in over HTTP: password, code, how long to wait, and the page on which apps are kept."""

import base64
import html
import re
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pyotp
import pytest
from sqlalchemy import event, select

from api import create_app
from engine import clock
from engine.history import Event
from engine.people import factors, passwords, throttle
from engine.security_log import Kind
from engine.settings import Settings
from engine.store.tables import SecurityEvent
from tests.factories import dump, entries

OURS = {"Sec-Fetch-Site": "same-origin"}
PASSWORD = "seven quiet herons"  # noqa: S105 -- of a test
STEP = timedelta(seconds=30)
PAGE = "/account/second-factor"


class Browser:
    def __init__(self, app):
        self.client = app.test_client()

    def open(self, path):
        return self.client.get(path, headers=OURS)

    def send(self, path, **form):
        return self.client.post(path, data=form, headers=OURS)

    def sign_in(self, username="dora", password=PASSWORD, **form):
        return self.send("/sign-in", username=username, password=password, **form)

    def is_in(self):
        return self.open(PAGE).status_code == 200


@pytest.fixture(scope="session")
def hashed():
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def app(database, cast, hashed):
    with database.transaction() as session:
        passwords.set_password(session, hashed, cast.dora)
    return create_app(database, Settings(database.url))


@pytest.fixture
def browser(app):
    return Browser(app)


@pytest.fixture
def inside(app):
    """A browser in which Dora has signed in with her password, before she had an app."""
    browser = Browser(app)
    browser.sign_in()
    return browser


@pytest.fixture
def phone(database, cast, app, time_travel):
    """Dora's app, and her recovery codes."""
    key = factors.new_key()
    with database.transaction() as session:
        codes = factors.add(session, key, shown(key), "Phone", cast.dora)
        (added,) = factors.apps(session, cast.dora.id)
    time_travel(STEP)
    return SimpleNamespace(key=key, codes=codes, id=added.id)


def shown(key):
    return pyotp.TOTP(key).at(clock.now())


def cookies(answer):
    return answer.headers.getlist("Set-Cookie")


# ---- the code at the sign-in


def test_without_an_app_the_password_leads_straight_in(browser):
    answer = browser.sign_in()

    assert answer.status_code == 303
    assert browser.is_in()


def test_with_an_app_the_code_is_asked_before_anything_opens(browser, phone):
    first = browser.sign_in(next="/incidents?show=all")
    before = browser.is_in()
    asked = browser.open(first.headers["Location"])
    last = browser.send("/sign-in/code", code=shown(phone.key), next="/incidents?show=all")

    assert not before
    assert "six digits" in asked.text
    assert last.headers["Location"] == "/incidents?show=all"
    assert browser.is_in()


def test_a_recovery_code_stands_in_for_the_app_once(app, phone):
    first, second = Browser(app), Browser(app)
    for browser in (first, second):
        browser.sign_in()
        browser.send("/sign-in/code", code=phone.codes[0])

    assert [first.is_in(), second.is_in()] == [True, False]


def test_a_link_asks_for_the_code_too(browser, phone, cast):
    answer = browser.send(f"/sign-in/{cast.link('dora')}")
    before = browser.is_in()
    browser.send("/sign-in/code", code=shown(phone.key))

    assert answer.headers["Location"].startswith("/sign-in/code")
    assert [before, browser.is_in()] == [False, True]


def test_a_wrong_code_is_said_beside_its_field(browser, phone):
    browser.sign_in()

    answer = browser.send("/sign-in/code", code="000000")

    assert answer.status_code == 422
    assert "<title>Error: Your code" in answer.text
    assert 'aria-describedby="hint-code error-code"' in answer.text
    assert not browser.is_in()


def test_the_code_is_asked_only_of_who_has_given_a_password(browser, phone):
    opened = browser.open("/sign-in/code")
    sent = browser.send("/sign-in/code", code=shown(phone.key))

    assert opened.headers["Location"] == "/sign-in"
    assert sent.status_code == 422
    assert not browser.is_in()


def test_a_code_that_comes_too_late_begins_the_sign_in_again(browser, phone, time_travel):
    browser.sign_in()
    time_travel(timedelta(minutes=5))

    answer = browser.send("/sign-in/code", code=shown(phone.key))

    assert answer.status_code == 422
    assert "took too long" in answer.text
    assert 'name="password"' in answer.text


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_the_code_leads_only_to_pages_of_ours(target, browser, phone):
    browser.sign_in(next=target)

    answer = browser.send("/sign-in/code", code=shown(phone.key), next=target)

    assert answer.headers["Location"] == "/"


def test_what_waits_for_the_code_is_kept_from_scripts_and_other_sites(database, app, phone):
    secure = Browser(create_app(database, Settings(database.url, is_secure=True)))

    (kept,) = cookies(secure.sign_in())

    assert kept.startswith("__Host-steadyhand-code=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=300"} <= set(kept.split("; "))


def test_what_waits_for_the_code_is_no_session(database, app, phone):
    (kept,) = cookies(Browser(app).sign_in())
    secret = kept.partition("=")[2].partition(";")[0]
    thief = Browser(app)
    thief.client.set_cookie("steadyhand", secret)

    assert not thief.is_in()
    assert secret not in str(dump(database))


def test_the_session_that_the_browser_brought_along_ends_with_the_next_sign_in(app, inside):
    before = inside.client.get_cookie("steadyhand").value
    inside.sign_in()
    other = Browser(app)
    other.client.set_cookie("steadyhand", before)

    assert inside.is_in()
    assert not other.is_in()


# ---- throttled


def fail(browser, username="dora", times=5):
    return [browser.sign_in(username, "wrong").status_code for _ in range(times)]


@pytest.mark.parametrize("username", ["dora", "tess", "nobody"])
def test_after_five_wrong_passwords_nobody_listens_for_a_minute(username, browser, time_travel):
    wrong = fail(browser, username)
    answer = browser.sign_in(username)
    time_travel(timedelta(minutes=1))
    later = browser.sign_in(username)

    assert wrong == [422] * 5
    assert answer.status_code == 429
    assert 50 < int(answer.headers["Retry-After"]) <= 60
    assert re.search(r"Try again after \d\d:\d\d:\d\d UTC", answer.text)
    assert later.status_code == (303 if username == "dora" else 422)


def test_the_answers_tell_nobody_who_exists(browser):
    known = [browser.sign_in("dora", "wrong") for _ in range(6)]
    unknown = [browser.sign_in("nobo", "wrong") for _ in range(6)]

    def said(answer):
        return answer.status_code, re.sub(r"nobo|dora|\d\d:\d\d:\d\d", "", answer.text)

    assert [said(each) for each in known] == [said(each) for each in unknown]


def test_a_name_that_nobody_has_costs_the_same_work(browser, database):
    browser.sign_in("anybody", "wrong")  # the security log tells only the first of many
    ran = []
    event.listen(database.engine, "before_cursor_execute", lambda *about: ran.append(about[2]))

    def work(username):
        ran.clear()
        browser.sign_in(username, "wrong")
        return list(ran)

    known, without_password, unknown = work("dora"), work("tess"), work("nobody")

    assert known == without_password == unknown
    assert known


def test_twenty_failures_from_one_address_block_it_for_every_name(app, browser, database):
    for _ in range(19):  # as many with other names
        with database.transaction() as session:
            throttle.count(session, throttle.address("127.0.0.1"))
    browser.sign_in("nobody", "wrong")
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.99"

    here = browser.sign_in()
    there = elsewhere.post(
        "/sign-in", data={"username": "dora", "password": PASSWORD}, headers=OURS
    )

    assert here.status_code == 429
    assert there.status_code == 303


def test_failures_count_on_every_host(database, app):
    hosts = [create_app(database, Settings(database.url)) for _ in range(5)]

    for host in hosts:
        fail(Browser(host), times=1)

    assert Browser(app).sign_in().status_code == 429


def test_wrong_codes_count_like_wrong_passwords(browser, phone):
    browser.sign_in()
    wrong = [browser.send("/sign-in/code", code="000000").status_code for _ in range(5)]
    answer = browser.send("/sign-in/code", code=shown(phone.key))

    assert wrong == [422] * 5
    assert answer.status_code == 429
    assert not browser.is_in()


def test_a_success_forgets_what_went_wrong_before(browser):
    fail(browser, times=4)
    browser.sign_in()

    assert fail(browser, times=4) == [422] * 4
    assert browser.sign_in().status_code == 303


def test_what_was_refused_is_in_the_security_log(database, browser):
    fail(browser)
    browser.sign_in()

    with database.reading() as session:
        told = Counter((each.event, each.detail) for each in session.scalars(select(SecurityEvent)))
    assert {event for event, _ in told} == {Kind.SIGN_IN_REFUSED, Kind.RATE_REFUSED}
    assert "dora" not in str(told)


def test_a_nul_in_a_username_is_nobody(browser):
    assert browser.sign_in("do\0ra", "wrong").status_code == 422


# ---- a new password


def test_right_after_a_sign_in_a_new_password_takes_no_old_one(app, cast):
    browser = Browser(app)
    browser.send(f"/sign-in/{cast.link('dora')}")

    answer = browser.send("/password", password=PASSWORD * 2, again=PASSWORD * 2)

    assert answer.status_code == 303
    assert Browser(app).sign_in(password=PASSWORD * 2).status_code == 303


@pytest.mark.parametrize(("given", "status"), [("", 422), ("wrong", 422), (PASSWORD, 303)])
def test_later_on_it_takes_the_old_one(given, status, inside, time_travel):
    time_travel(timedelta(minutes=11))

    asked = inside.open("/password").text
    answer = inside.send("/password", password=PASSWORD * 2, again=PASSWORD * 2, proof=given)

    assert "Your password as it is now" in asked
    assert answer.status_code == status


# ---- the page of the apps


def test_an_app_is_added_by_the_key_on_the_page_and_codes_are_shown_once(
    app, inside, database, cast
):
    page = inside.open(f"{PAGE}/add").text
    key = re.search(r'name="key" value="([A-Z2-7]{32})"', page)[1]
    form = {"key": key, "code": shown(key), "label": "Phone", "proof": PASSWORD}

    added = inside.send(f"{PAGE}/add", **form)

    codes = re.findall(r"<code>([a-z2-7-]{19})</code>", added.text)
    assert added.status_code == 200
    assert added.headers["Cache-Control"] == "no-store"
    assert len(codes) == 10
    assert not [each for each in codes if each in inside.open(PAGE).text]
    assert Browser(app).sign_in().headers["Location"].startswith("/sign-in/code")
    assert entries(database, cast.dora.id, Event.AUTHENTICATOR_ADDED)


def test_the_page_shows_the_key_in_groups_and_as_a_picture_that_the_policy_allows(inside):
    answer = inside.open(f"{PAGE}/add")
    key = re.search(r'name="key" value="([A-Z2-7]{32})"', answer.text)[1]

    assert " ".join(re.findall("....", key)) in answer.text
    assert 'src="data:image/svg+xml' in html.unescape(answer.text)
    assert "img-src 'self' data:" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"code": "000000"}, "code"), ({"label": ""}, "label"), ({"proof": "wrong"}, "proof")],
    ids=["another code", "no name", "wrong password"],
)
def test_what_is_wrong_is_said_beside_its_field_and_the_key_stays(changed, field, inside, cast):
    key = factors.new_key()
    form = {"key": key, "code": shown(key), "label": "Phone", "proof": PASSWORD}

    answer = inside.send(f"{PAGE}/add", **{**form, **changed})

    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert f'value="{key}"' in answer.text


@pytest.mark.parametrize("key", ["", "short", "x" * 9000, base64.b32encode(b"\0" * 40).decode()])
def test_a_key_that_the_page_did_not_show_is_replaced(key, inside):
    form = {"key": key, "code": "000000", "label": "Phone", "proof": PASSWORD}

    answer = inside.send(f"{PAGE}/add", **form)

    assert answer.status_code == 422
    assert re.search(r'name="key" value="[A-Z2-7]{32}"', answer.text)


def test_who_has_no_password_is_told_to_set_one(app, cast):
    browser = Browser(app)
    browser.send(f"/sign-in/{cast.link('tess')}")

    for path in (PAGE, f"{PAGE}/add"):
        assert "Set a password" in browser.open(path).text


@pytest.mark.parametrize("act", ["remove", "recovery-codes"])
def test_a_change_asks_once_more_who_it_is_and_counts_what_is_wrong(act, inside, phone, database):
    path, field = {
        "remove": (f"{PAGE}/{phone.id}/remove", f"proof-{phone.id}"),
        "recovery-codes": (f"{PAGE}/recovery-codes", "proof-codes"),
    }[act]

    wrong = [inside.send(path, **{field: "wrong"}) for _ in range(5)]
    blocked = inside.send(path, **{field: PASSWORD})

    known = dump(database)["authenticator"]
    assert [answer.status_code for answer in wrong] == [422] * 5
    assert f'id="error-{field}"' in wrong[0].text
    assert blocked.status_code == 429
    assert len(known) == 1


def test_an_app_is_removed_with_the_password(inside, phone, cast, database):
    answer = inside.send(f"{PAGE}/{phone.id}/remove", **{f"proof-{phone.id}": PASSWORD})

    assert answer.headers["Location"].startswith(PAGE)
    assert "No app yet" in inside.open(PAGE).text
    assert entries(database, cast.dora.id, Event.AUTHENTICATOR_REMOVED)


def test_new_recovery_codes_are_shown_in_place_of_the_old_ones(inside, phone):
    answer = inside.send(f"{PAGE}/recovery-codes", **{"proof-codes": shown(phone.key)})

    codes = re.findall(r"<code>([a-z2-7-]{19})</code>", answer.text)
    assert len(codes) == 10
    assert not set(codes) & set(phone.codes)


def test_nobody_removes_the_app_of_somebody_else(app, phone, cast, database, hashed):
    with database.transaction() as session:
        passwords.set_password(session, hashed, cast.tess)
    other = Browser(app)
    other.sign_in("tess")

    answer = other.send(f"{PAGE}/{phone.id}/remove", **{f"proof-{phone.id}": PASSWORD})

    assert answer.status_code == 404
    with database.reading() as session:
        assert factors.has_app(session, cast.dora.id)


def test_an_idempotency_key_keeps_no_recovery_codes(inside, phone, database):
    path, form = f"{PAGE}/recovery-codes", {"proof-codes": PASSWORD}
    answer = inside.client.post(path, data=form, headers={**OURS, "Idempotency-Key": "again"})

    assert answer.status_code == 200
    assert dump(database)["idempotency_key"] == []

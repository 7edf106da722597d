"""What people write is text wherever it is shown: no script in it runs, and none even tries.

Every column of text is filled with probes, every form that the pages offer is sent with probes in
every field that takes text, and every page is opened in a browser by who may see it. What a probe
could do is stopped by the policy, which would tell of it. All three are found by construction: a
new column, field or page is tried without a word here, or fails.
"""

import inspect
import re
from collections import Counter
from types import SimpleNamespace
from urllib.parse import quote, urlencode

import httpx
import pytest
from werkzeug.routing import BuildError

from api import create_app
from api.security import POLICY
from engine import library
from engine.actors import SYSTEM, Actor, Role
from engine.people import accounts, credentials
from engine.settings import Settings
from tests import openid
from tests.factories import Cast
from tests.journeys.conftest import fresh  # noqa: F401 -- a fixture
from tests.security import planted
from tests.security.probes import ALL, PROBES
from tests.security.reader import Reader
from tests.security.writer import Writer, is_page, template
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

ROLES = {
    "responder": [(Role.RESPONDER, "Service Desk"), (Role.RESPONDER, "Technical Team")],
    "manager": [(Role.INCIDENT_MANAGER, "")],
    "owner": [(Role.PROCESS_OWNER, "")],
    "auditor": [(Role.AUDITOR, "")],
    "admin": [(Role.ADMINISTRATOR, "")],
    "reporter": [(Role.REPORTER, "")],
}
NOBODY = "nobody"
SEE_IT = 2  # people who look at each page; more of them see no more
# Fields that take text and are not kept as it is, or shown again to anybody.
NOT_KEPT = {
    "a code of an app, compared with what it shows": {("/sign-in/code", "code")},
}
# Addresses that answer no page of ours.
NO_PAGE = {
    "a file, which a browser saves": {
        *("files.download", "files.download_by_link", "signatures.download"),
    },
    "JSON, which /api/docs shows as a page": {"openapi"},
    "leads on at once": {"sign_in.home", "provider.start"},
    "refuses whoever does not come from the provider": {"provider.callback"},
}
PROGRAMMES = ("/api/v1/", "/static/", "/healthz", "/readyz", "/metrics", "/doors/", "/scim/")


@pytest.fixture(scope="module")
def place(fresh, tmp_path_factory):  # noqa: F811
    """A running installation, its people, and everything that they and others have written."""
    with fresh() as database:
        with database.transaction() as session:
            library.load_shipped(session)
        settings = {"ISSUER": planted.ISSUER, "CLIENT_ID": "1", "NAME": PROBES[1]}
        server = Server(
            tmp_path_factory.mktemp("server"),
            database.url,
            **{f"STEADYHAND_OIDC_{name}": value for name, value in settings.items()},
        )
        server.start()
        try:
            yield _written(database, server)
        finally:
            server.stop()


def _written(database, server):
    it = SimpleNamespace(database=database, server=server, cast=Cast(database))
    settings = Settings(database.url, openid=openid.settings(planted.ISSUER))
    it.app = create_app(database, settings)
    it.people = dict(_people(database))
    first = planted.plant(database, it.cast, it.people)
    it.people |= planted.customers(database, first.organisation)
    it.sessions = {name: _session(database, actor) for name, actor in it.people.items()}
    door = f"{server.url}/doors/alertmanager/{first.door}"
    httpx.post(door, json=_alert()).raise_for_status()
    it.writers = [_writer(it, name) for name in (*it.people, NOBODY)]
    it.alive = planted.alive(database, it.cast, it.people)
    it.columns = list(planted.spread(database))
    return it


def _people(database):
    """Somebody in each role, named with a probe."""
    for number, (username, grants) in enumerate(ROLES.items()):
        name = PROBES[number % len(PROBES)]
        groups = [*grants, (grants[0][0], PROBES[-number])] if 0 < number < 2 else grants
        with database.transaction() as session:
            person = accounts.add(session, username, name, groups, SYSTEM)
        yield username, Actor(person.id, name, frozenset(groups))


def _session(database, actor):
    with database.transaction() as session:
        return credentials.start_session(session, actor, label=PROBES[1])


def _writer(it, username):
    begun = planted.alive(it.database, it.cast, it.people)  # for each, as they finish it
    writer = Writer(it.server.url, it.sessions.get(username))
    pages = ["/inbox?queue=all", "/incidents?show=all"]
    writer.walk([*(path for _, path in _pages(it.app, planted.named(begun))), *pages])
    writer.close()
    return writer


def _alert():
    labels = {"alertname": ALL, "service": PROBES[0], "severity": "page", "instance": PROBES[1]}
    notes = {"summary": PROBES[2], "description": ALL, "runbook_url": PROBES[3]}
    return {
        "version": "4",
        "groupKey": ALL,
        "status": "firing",
        "commonLabels": labels,
        "commonAnnotations": notes,
        "alerts": [{"status": "firing", "labels": labels, "annotations": notes}],
    }


@pytest.fixture(scope="module")
def windows(place, chromium):
    """A browser's window for everybody."""
    made = {name: Reader(chromium, place.server.url) for name in (*place.people, NOBODY)}
    for name, window in made.items():
        if name in place.sessions:
            window.holds("steadyhand", place.sessions[name])
    made[NOBODY].holds("steadyhand-code", place.alive.pending)
    yield made
    opened = sum((window.opened for window in made.values()), Counter())
    print(f"\n{opened.total()} visits of {len(opened)} kinds of pages")
    for window in made.values():
        window.close()


@pytest.fixture
def troubles(windows):
    """What happened in the windows since the test began."""
    for window in windows.values():
        window.troubles.clear()
    return lambda: [
        (name, *trouble) for name, window in windows.items() for trouble in window.troubles
    ]


def test_every_column_of_text_holds_a_probe_or_is_written_by_us_alone(place):
    kept = frozenset().union(*planted.OURS.values())

    print(f"\n{len(place.columns)} columns, and {len(kept)} that only we write")
    assert len(place.columns) >= 55
    known = {f"{c.table.name}.{c.name}" for t in planted.tables() for c in t.columns}
    assert kept <= known


def test_nothing_runs_in_any_page_for_whoever_may_see_it(place, windows, troubles):
    named = planted.named(place.alive)
    missing = {}

    for endpoint, path in _pages(place.app, named):
        seen = [name for name in windows if _may_see(place, name, path)]
        for name in seen[:SEE_IT]:
            windows[name].look(path)
            windows[name].opened[template(path)] += 1
        if not seen:
            missing[endpoint] = path

    assert troubles() == []
    assert windows["owner"].chosen >= 5
    assert set(missing) - frozenset().union(*NO_PAGE.values()) == set()


def _pages(app, named):
    """Every page with its address; one that names something unknown fails."""
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and not rule.rule.startswith(PROGRAMMES):
            known = named["*"] | named.get(rule.endpoint, {})
            assert rule.arguments <= set(known), f"{rule.endpoint}: nothing to look at"
            try:
                values = {one: known[one] for one in rule.arguments}
                yield rule.endpoint, rule.build(values)[1] + known.get("?", "")
            except BuildError as error:
                pytest.fail(str(error))


def _may_see(place, name, path):
    cookies = {"steadyhand": place.sessions[name]} if name in place.sessions else {}
    cookies |= {} if cookies else {"steadyhand-code": place.alive.pending}
    with httpx.Client(base_url=place.server.url, cookies=cookies, timeout=60) as http:
        answer = http.get(path)
        assert answer.status_code < 500, (path, answer.text)
        return answer.status_code == 200 and is_page(answer)


def test_nothing_runs_where_people_follow_links(place, windows, troubles):
    for window in windows.values():
        window.walk()

    assert troubles() == []


def test_every_field_of_a_form_was_filled_with_probes(place, windows):
    filled = set().union(*(writer.fields for writer in place.writers))
    accepted = set().union(*(writer.accepted for writer in place.writers))
    found = set().union(*(window.fields for window in windows.values()))
    kept = frozenset().union(*NOT_KEPT.values())

    print(f"\n{len(filled)} fields of {len(accepted)} forms that took them")
    asked = {(kind, name) for kind, name, method in found if method == "POST"}
    assert asked - filled - kept == set()
    assert len(filled) >= 45
    assert len(accepted) >= 15


def test_nothing_runs_in_a_page_that_shows_again_what_was_refused(place, windows, troubles):
    shown = {kind: answer for writer in place.writers for kind, answer in writer.shown.items()}

    for (form, status), answer in shown.items():
        policy = {"Content-Security-Policy": answer.headers["Content-Security-Policy"]}
        windows[NOBODY].show(f"{form} {status}", answer.text, policy)

    print(f"\n{len(shown)} answers to forms")
    assert troubles() == []
    assert len(shown) >= 25


def test_nothing_runs_that_stands_in_an_address(place, windows, troubles):
    paths = list(_reflecting(place.app))

    for path in paths:
        windows["admin"].look(path)

    print(f"\n{len(paths)} addresses with probes")
    assert troubles() == []
    assert len(paths) >= 60


def _reflecting(app):
    """Every address with a probe in each part, and in each parameter that its view may read."""
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint == "static":
            continue
        texts = re.sub(r"<int:\w+>", "1", rule.rule)
        texts = re.sub(r"<any\((\w+)[^>]*>", r"\1", texts)
        path = re.sub(r"<[^>]+>", quote(PROBES[1], safe=""), texts)
        if path != texts:
            yield path
        asked = re.findall(
            r"(?:args|values)\.get(?:list)?\(\s*\"(\w+)\"",
            inspect.getsource(inspect.getmodule(inspect.unwrap(app.view_functions[rule.endpoint]))),
        )
        if asked and not rule.rule.startswith(PROGRAMMES):
            yield f"{path}?{urlencode(dict.fromkeys(asked, PROBES[1]))}"


@pytest.mark.parametrize(
    "probe", [probe for probe in PROBES if "probed" in probe or "url(" in probe]
)
def test_a_page_that_shows_what_somebody_wrote_as_it_is_would_be_found(probe, chromium):
    window = Reader(chromium, "http://127.0.0.1:9")
    body = f'<input value="{probe}"><p title=\'{probe}\'>{probe}</p><a href="{probe}">x</a>'
    page = f"<!doctype html><title>Careless</title>{body}"

    window.show("/careless", page, {"Content-Security-Policy": POLICY})
    if "javascript:" in probe:
        window.page.locator("a[href^='javascript:']").first.click()
    window.look_around("/careless")

    assert window.troubles
    window.close()

"""What browsers and forgers try at the edge: refused on every route, and in the security log."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from api import create_app
from api.security import SIEVE
from engine import security_log, settings
from engine.security_log import Filter, Kind, Sieve
from engine.settings import Settings
from tests.durability import stage as given
from tests.durability.commands import gathered
from tests.durability.ground import grounds
from tests.durability.stage import DRAFT, PASSWORD, Stage
from tests.factories import client, dump

OURS = {"Sec-Fetch-Site": "same-origin"}
SAFE = {"GET", "HEAD", "OPTIONS"}
ELSEWHERE = {
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a neighbour": {"Sec-Fetch-Site": "same-site"},
    "another origin": {"Origin": "https://evil.example"},
    "no origin": {"Origin": "null"},
    "nobody knows where": {},
}
OUTSIDE = ("../../etc/passwd", "a/../../../b.bpmn", "..\\..\\b.bpmn")
PROTECTED = {"id", "status", "version", "is_active", "role", "person_id", "created_at"}
LONG = timedelta(days=31)


@pytest.fixture(scope="module")
def shared(fresh):
    """One stage for all tests, and what puts it back as it was in the beginning."""
    with fresh() as database:
        stage, ground = Stage(database), grounds(database)
        yield stage, ground, ground.save()
        ground.close()


@pytest.fixture
def stage(shared):
    stage, ground, begun = shared
    ground.restore(begun)
    stage._app.extensions[SIEVE] = Sieve()  # which remembers what the test before was refused
    return stage


@pytest.fixture
def logged(stage):
    """The kinds of what stands in the log, by route."""

    def read():
        with stage.database.reading() as session:
            found = security_log.find(session, stage.cast.aude, Filter(), limit=1000)
        return {(entry.event, entry.route) for entry in found}

    return read


def browser(stage, username="dora", **cookie):
    """A signed-in browser that says nothing of where its requests come from."""
    http = stage.anyone()
    answer = http.post(f"/sign-in/{stage.cast.link(username)}", headers=OURS)
    assert answer.status_code == 303
    del http.environ_base["HTTP_SEC_FETCH_SITE"]
    return http


def address(rule):
    """Some path of a rule."""
    values = dict.fromkeys(rule.arguments, "1") | {"name": "hold"}
    return rule.build({name: values[name] for name in rule.arguments})[1]


def unsafe(stage):
    for rule in stage.rules():
        for method in sorted(rule.methods - SAFE):
            yield method, rule


# ---- cookies and headers


@pytest.fixture
def secure(stage, monkeypatch):
    """An installation behind https, as the environment says it."""
    monkeypatch.setenv("STEADYHAND_HTTPS", "1")
    made = Settings(stage.database.url, is_secure=settings.from_environment().is_secure)
    return create_app(stage.database, made).test_client()


def test_cookies_are_bound_to_the_host_and_out_of_reach_of_scripts(stage, secure):
    answer = secure.post(f"/sign-in/{stage.cast.link('dora')}", headers=OURS)

    cookies = answer.headers.getlist("Set-Cookie")
    assert cookies
    for cookie in cookies:
        name, *attributes = cookie.split("; ")
        assert name.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(attributes)
        assert {"SameSite=Lax", "SameSite=Strict"} & set(attributes)
        assert "Domain" not in cookie


def test_every_answer_asks_for_https_where_it_is_served(stage, secure):
    for rule in stage.rules():
        if "GET" in rule.methods:
            answer = secure.get(address(rule))
            assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", rule


@pytest.mark.parametrize("username", ["aude", "ada", "olga", "max"])
def test_no_page_runs_what_is_written_in_it_or_is_kept_by_anybody(username, stage):
    http = browser(stage, username)

    for rule in stage.rules():
        if "GET" not in rule.methods:
            continue
        answer = http.get(address(rule))
        policy = answer.headers["Content-Security-Policy"]
        directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert directives["default-src"] == "'none'", rule
        assert directives["script-src"] == "'self'", rule
        assert directives["frame-ancestors"] == directives["base-uri"] == "'none'"
        assert all("http" not in sources and "*" not in sources for sources in directives.values())
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        if rule.endpoint != "static":
            assert answer.headers["Cache-Control"] == "no-store", rule


# ---- requests that other sites send


@pytest.mark.parametrize("headers", ELSEWHERE.values(), ids=ELSEWHERE)
def test_no_route_takes_a_change_from_another_site_with_somebodys_session(headers, stage, logged):
    http, before = browser(stage, "ada"), None
    before = dump(stage.database)

    for method, rule in unsafe(stage):
        answer = http.open(address(rule), method=method, headers=headers)
        assert answer.status_code == 403, (method, rule)
        assert "own pages" in answer.text, (method, rule)

    assert dump(stage.database) == before
    assert logged() == {(Kind.CROSS_SITE_REFUSED, rule.rule) for _, rule in unsafe(stage)}


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/inbox",
        "//evil.example/inbox",
        "/\\evil.example/inbox",
        "\\\\evil.example",
        "https:evil.example",
        "/inbox\\@evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "/\t/evil.example",
        "/nowhere",
    ],
)
def test_a_sign_in_leads_to_no_other_site(target, stage):
    given.with_password(stage)

    answer = stage.anyone().post(
        "/sign-in", data={"username": "dora", "password": PASSWORD, "next": target}
    )

    assert answer.status_code == 303
    assert answer.location == "/"


# ---- credentials


@pytest.mark.parametrize("path", ["/inbox", "/api/v1/incidents", "/metrics"])
def test_forged_and_misplaced_credentials_open_nothing(path, stage, logged):
    token, http = stage.cast.token("ada"), browser(stage, "ada")
    session = http.get_cookie("steadyhand").value
    attempts = [
        ("cookie", "forged"),
        ("cookie", token),
        ("cookie", session[:-1]),
        ("bearer", session),
        ("bearer", token.upper()),
        ("bearer", ""),
        ("bearer", "é"),
    ]

    for place, secret in attempts:
        stranger = stage.anyone(secret if place == "cookie" else None)
        headers = {"Authorization": f"Bearer {secret}"} if place == "bearer" else {}
        answer = stranger.get(path, headers=headers)
        assert answer.status_code == 401 or answer.location.startswith("/sign-in"), place
        assert "set-cookie" not in answer.headers

    assert {kind for kind, _ in logged()} == {Kind.CREDENTIAL_REFUSED}


def test_a_session_that_has_expired_opens_nothing(stage, logged, time_travel):
    http = browser(stage, "ada")
    assert http.get("/incidents").status_code == 200

    time_travel(LONG)

    assert http.get("/incidents").location.startswith("/sign-in")
    assert logged() == {(Kind.CREDENTIAL_REFUSED, "/incidents")}


def test_a_session_that_was_ended_opens_nothing(stage, logged):
    http = browser(stage, "ada")
    session = http.get_cookie("steadyhand").value
    http.post("/sign-out", headers=OURS)

    assert stage.anyone(session).get("/incidents").location.startswith("/sign-in")
    assert logged() == {(Kind.CREDENTIAL_REFUSED, "/incidents")}


@pytest.mark.parametrize("late", [timedelta(), LONG], ids=["used", "expired"])
def test_a_link_works_once_and_for_a_while(late, stage, logged, time_travel):
    link = stage.cast.link("dora")
    if not late:
        assert stage.anyone().post(f"/sign-in/{link}").status_code == 303
    time_travel(late)

    answer = stage.anyone().post(f"/sign-in/{link}")

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert logged() == {(Kind.CREDENTIAL_REFUSED, "/sign-in/<link>")}


# ---- what a request holds


class Overfull:
    """The stage, but every JSON object that is sent holds fields that nobody asked for."""

    def __init__(self, stage):
        self._stage = stage
        self.answers = []

    def send(self, username, method, path, version=None, **sent):
        if isinstance(sent.get("json"), dict):
            more = dict.fromkeys(PROTECTED - set(sent["json"]), "1")
            sent["json"] = {**more, **sent["json"]}
            self.answers.append(self._stage.send(username, method, path, version, **sent))
            return self.answers[-1]
        return None

    def post(self, username, path, **sent):
        return self.send(username, "POST", path, **sent)

    def __getattr__(self, name):
        return getattr(self._stage, name)


@pytest.mark.parametrize(
    "command", [one for one in gathered("API") if "/api/" in one.address], ids=lambda one: one.name
)
def test_fields_that_nobody_asked_for_are_refused_and_change_nothing(command, stage, logged):
    it, overfull = command.given(stage), Overfull(stage)
    before = dump(stage.database)

    command.does(overfull, it)

    assert bool(overfull.answers) is _takes_fields(command, stage)
    for answer in overfull.answers:
        assert answer.status_code == 422
        pointers = {error["pointer"] for error in answer.get_json()["errors"]}
        assert len(pointers & {f"#/{name}" for name in PROTECTED}) >= len(PROTECTED) - 2
        rule = command.address.partition(" ")[2]
        assert logged() == {(Kind.FIELD_REFUSED, rule)}
        assert dump(stage.database) == before


def _takes_fields(command, stage):
    """Whether the document says that the operation takes a JSON object."""
    method, _, rule = command.address.partition(" ")
    path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)
    document = stage.anyone().get("/api/docs/openapi.json").get_json()
    operation = document["paths"][path][method.lower()]
    return "application/json" in operation.get("requestBody", {"content": {}})["content"]


@pytest.mark.parametrize("name", [*OUTSIDE, "%2e%2e/b.bpmn", "..%2f..%2fb.bpmn"])
def test_no_path_leads_out_of_its_folder(name, stage, logged):
    given.drafted(stage)
    before = dump(stage.database)
    rules = [rule for rule in stage.rules() if "<path:" in rule.rule]

    for rule in rules:
        values = dict.fromkeys(rule.arguments, "small") | {"version": 1}
        path_name = next(iter({"path", "filename"} & set(rule.arguments)))
        path = rule.build({one: values[one] for one in rule.arguments} | {path_name: "HERE"})[1]
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = stage.send("olga", method, path.replace("HERE", name), 1, data=b"<a/>")
            is_told = answer.status_code == 200 and "file-invalid" in answer.text
            assert is_told or answer.status_code in (404, 422), (method, path, answer.text)

    assert len(rules) >= 3
    assert dump(stage.database) == before
    assert {kind for kind, _ in logged()} >= {Kind.NAME_REFUSED}


@pytest.mark.parametrize("name", [*OUTSIDE, "/etc/passwd"])
def test_no_file_of_a_bundle_is_deployed_outside_of_its_folder(name, stage, logged):
    before = dump(stage.database)

    answer = stage.post("olga", "/api/v1/bundles", json={"files": {name: "<a/>"}})

    assert answer.status_code == 422
    assert dump(stage.database) == before
    assert (Kind.NAME_REFUSED, "/api/v1/bundles") in logged()


@pytest.mark.parametrize("size", [1_048_577, 5_000_000])
def test_no_route_takes_more_than_a_megabyte(size, stage, logged):
    before = dump(stage.database)
    bodies = {
        "/api/v1/incidents": {"json": {"answers": {"note": "x" * size}}},
        "/api/v1/bundles": {"json": {"files": {DRAFT: "x" * size}}},
        "/api/v1/bundles/import": {"data": b"x" * size},
        "/report?process=small": {"data": {"title": "x" * size}},
    }

    for path, sent in bodies.items():
        who = "olga" if "bundles" in path else "dora"
        assert stage.post(who, path, **sent).status_code == 413, path

    assert dump(stage.database) == before
    assert {kind for kind, _ in logged()} == {Kind.SIZE_REFUSED}


def test_a_line_break_in_what_is_sent_begins_no_header_and_no_line_of_the_log(stage, logged):
    name = quote("x\r\nSet-Cookie: a=b")

    answer = stage.send("dora", "GET", f"/api/v1/incidents/{name}")

    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers
    assert all("\n" not in kind + route for kind, route in logged())


def test_who_is_nobody_reads_no_page(stage):
    assert client(stage.database).get("/security").location.startswith("/sign-in")

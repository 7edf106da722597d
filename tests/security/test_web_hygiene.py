"""What browsers and forgers try at the edge: refused on every route, and in the security log."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from api import create_app
from api.security import SIEVE
from engine import security_log, settings
from engine.security_log import COLUMNS, Filter, Kind, Sieve
from engine.settings import Settings
from tests.durability import stage as given
from tests.durability.commands import gathered
from tests.durability.stage import PASSWORD
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
TOO_LARGE = 1024 * 1024
LONG = timedelta(days=31)


def browser(stage, username="dora", **cookie):
    """A signed-in browser that says nothing of where its requests come from."""
    http = stage.anyone()
    answer = http.post(f"/sign-in/{stage.cast.link(username)}", headers=OURS)
    assert answer.status_code == 303
    del http.environ_base["HTTP_SEC_FETCH_SITE"]
    return http


def address(rule):
    """Some path of a rule."""
    values = dict.fromkeys(rule.arguments, "1") | {"name": "hold", "role": "commander"}
    return rule.build({name: values[name] for name in rule.arguments})[1]


def unsafe(stage):
    for rule in stage.rules():
        for method in sorted(rule.methods - SAFE):
            yield method, rule


# ---- addresses


def test_no_nul_in_an_address_breaks_anything(stage):
    """PostgreSQL looks for none: it would be a 500."""
    asked = (
        "after",
        "before",
        "cursor",
        "last",
        "organisation",
        "person",
        "process",
        "q",
        "status",
    )
    questions = "&".join(f"{name}=%00" for name in asked)
    rules = [rule for rule in stage.rules() if "GET" in rule.methods]
    broken = []

    for username in ("max", "olga", "ada", "aude"):
        http = client(stage.database, stage.cast.token(username))
        for path in map(address, rules):
            tried = [f"{path}?{questions}", *(f"{path}?{name}=%00" for name in asked)]
            tried += [path.replace("/1", "/%00")] if "/1" in path else []
            broken += [each for each in tried if http.get(each).status_code >= 500]

    assert broken == []


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
    """The stage, but every JSON object that is sent holds all that anything here has."""

    def __init__(self, stage, schema):
        self._stage, self._schema = stage, schema
        self.answers = []
        self.asked = set()  # pointers to what nobody asked for

    def send(self, username, method, path, version=None, **sent):
        if isinstance(sent.get("json"), dict):
            sent["json"] = self._filled(sent["json"], self._schema, "#")
            self.answers.append(self._stage.send(username, method, path, version, **sent))
            return self.answers[-1]
        return None

    def post(self, username, path, **sent):
        return self.send(username, "POST", path, **sent)

    def __getattr__(self, name):
        return getattr(self._stage, name)

    def _filled(self, value, schema, pointer):
        """With more in each object of which the document says what it holds."""
        schema = DOCUMENT.resolve(self._stage, schema)
        if isinstance(value, list):
            items = schema.get("items", {})
            return [self._filled(v, items, f"{pointer}/{i}") for i, v in enumerate(value)]
        known = schema.get("properties", {})
        if not isinstance(value, dict) or not known:
            return value
        more = DOCUMENT.shown(self._stage) - set(known)
        self.asked |= {f"{pointer}/{name}" for name in more}
        inner = {
            key: self._filled(one, known.get(key, {}), f"{pointer}/{key}")
            for key, one in value.items()
        }
        return dict.fromkeys(more, "1") | inner


class Document:
    """What the API says of itself."""

    def read(self, stage):
        return stage.anyone().get("/api/docs/openapi.json").get_json()

    def resolve(self, stage, schema):
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        return self.read(stage)["components"]["schemas"][name] if name else schema

    def shown(self, stage):
        """The names of all that the API shows, and of all columns."""
        schemas = self.read(stage)["components"]["schemas"].values()
        return COLUMNS | {name for one in schemas for name in one.get("properties", ())}

    def bodies(self, stage):
        """Method and path -> the schema of what it takes."""
        for path, item in self.read(stage)["paths"].items():
            for method in set(item) & {"post", "put", "patch", "delete"}:
                content = item[method].get("requestBody", {}).get("content", {})
                if "application/json" in content:
                    yield f"{method.upper()} {path}", content["application/json"]["schema"]


DOCUMENT = Document()
PROGRAMMES = [
    one
    for one in gathered("API", "PAGES", "ASKED")
    if one.address.partition(" ")[2][:8] == "/api/v1/"
]


def _in_document(command):
    return re.sub(r"<(?:[^<>]+:)?(\w+)>", r"{\1}", command.address)


@pytest.mark.parametrize("command", PROGRAMMES, ids=lambda one: one.name)
def test_fields_that_nobody_asked_for_are_refused_and_change_nothing(command, stage, logged):
    it, schema = command.given(stage), dict(DOCUMENT.bodies(stage)).get(_in_document(command))
    overfull = Overfull(stage, schema or {})
    before = dump(stage.database)

    command.does(overfull, it)

    assert bool(overfull.answers) is bool(schema)
    for answer in overfull.answers:
        assert answer.status_code == 422
        assert {error["pointer"] for error in answer.get_json()["errors"]} >= overfull.asked
        assert len(overfull.asked) >= 200
        assert logged() == {(Kind.FIELD_REFUSED, command.address.partition(" ")[2])}
        assert dump(stage.database) == before


def test_every_operation_that_takes_fields_is_among_them(stage):
    assert set(dict(DOCUMENT.bodies(stage))) <= {_in_document(one) for one in PROGRAMMES}


def test_each_of_them_alone_is_refused_and_in_the_log(stage, logged):
    path = "/api/v1/organisations"
    names = sorted(DOCUMENT.shown(stage) - {"name"})

    for name in names:
        stage._app.extensions[SIEVE] = Sieve()
        answer = stage.post("ada", path, json={"name": "North", name: "1"})
        assert answer.status_code == 422, name

    with stage.database.reading() as session:
        wanted = Filter(kind=Kind.FIELD_REFUSED)
        found = security_log.find(session, stage.cast.aude, wanted, limit=1000)
    assert {entry.detail for entry in found} == {
        f"Fields that nobody asked for: {n}." for n in names
    }


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


class Oversize:
    """The stage, but whatever is sent is larger than a request may be."""

    def __init__(self, stage):
        self._stage = stage
        self.statuses = set()

    def send(self, username, method, path, version=None, **sent):
        for kind, content in sent.items():
            if content:
                large = self._large(kind, content)
                answer = self._stage.send(username, method, path, version, **{kind: large})
                answer.request.environ["wsgi.input"].close()  # a file, which nobody read
                self.statuses.add(answer.status_code)

    def post(self, username, path, **sent):
        self.send(username, "POST", path, **sent)

    def __getattr__(self, name):
        return getattr(self._stage, name)

    def _large(self, kind, content):
        if isinstance(content, bytes):
            return content + b" " * TOO_LARGE
        return {**content, "x": "x" * TOO_LARGE} if isinstance(content, dict) else content


# An upload has a limit of its own, of which tests/api/test_attachments.py asks.
BODIES = [
    one
    for one in gathered("API", "PAGES", "ASKED")
    if not re.search(r"attachments|<number>/files|<task_id>/files", one.address)
]


@pytest.mark.parametrize("command", BODIES, ids=lambda one: one.name)
def test_nothing_takes_more_than_a_megabyte(command, stage, logged):
    it, oversize = command.given(stage), Oversize(stage)
    before = dump(stage.database)

    command.does(oversize, it)

    if oversize.statuses:
        assert oversize.statuses <= {413, 422}  # or said beside the field
        assert logged() == {(Kind.SIZE_REFUSED, command.address.partition(" ")[2])}
        assert dump(stage.database) == before


def test_a_line_break_in_what_is_sent_begins_no_header_and_no_line_of_the_log(stage, logged):
    name = quote("x\r\nSet-Cookie: a=b")

    answer = stage.send("dora", "GET", f"/api/v1/incidents/{name}")

    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers
    assert all("\n" not in kind + route for kind, route in logged())


def test_who_is_nobody_reads_no_page(stage):
    assert client(stage.database).get("/security").location.startswith("/sign-in")

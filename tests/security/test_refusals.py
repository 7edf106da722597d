"""What forgers try with what they got hold of: refused, changes nothing, and is in the log."""

from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from engine import partners
from engine.people import administration, credentials, own
from engine.people.credentials import CredentialKind, Scope
from engine.people.tokens import Terms
from engine.security_log import Kind
from engine.store.tables import Credential, SecurityEvent
from tests.durability import stage as given
from tests.durability.commands import factors, passkeys
from tests.durability.commands.absences import _away as away
from tests.durability.stage import incident_of
from tests.factories import dump

OURS = {"Sec-Fetch-Site": "same-origin"}
LONG = timedelta(days=40)
START = "/sign-in-with/openid"


@pytest.fixture
def unchanged(stage):
    """Fails a test after which anything is otherwise than when it asked."""
    before = []
    yield lambda: before.append(dump(stage.database))
    assert [dump(stage.database)] == before


# ---- links, tokens and sessions that are no good any more


def _locked_out(stage, username="dora"):
    stage.does(administration.deactivate, getattr(stage.cast, username).id, stage.cast.ada)


def _partner(stage):
    it = given.claimed(stage)
    it.secret = stage.does(partners.invite, it.task.id, "Paul", "3", stage.cast.dora)
    (it.link,) = stage.does(partners.links, it.task.id, stage.cast.dora)
    return it


def _withdrawn(stage):
    it = _partner(stage)
    stage.does(partners.withdraw, it.task.id, it.link.id, stage.cast.dora)
    return it.secret


def _done(stage):
    it = _partner(stage)
    stage.does(partners.complete, it.secret, {"note": "Fine."})
    return it.secret


def _left_by_its_sender(stage):
    it = _partner(stage)
    _locked_out(stage)
    return it.secret


def _used(stage):
    link = stage.cast.link("dora")
    stage.does(credentials.use_link, link)
    return link


def _of_nobody(make):
    def made(stage):
        secret = make(stage)
        _locked_out(stage)
        return secret

    return made


def _token(stage):
    return stage.does(own.issue_token, Terms("Export", Scope.WRITE, 30), stage.cast.dora)


def _revoked(stage):
    token = _token(stage)
    _end(stage, CredentialKind.TOKEN)
    return token


def _session(stage):
    return stage.does(credentials.start_session, stage.cast.dora)


def _ended(stage):
    secret = _session(stage)
    _end(stage, CredentialKind.SESSION)
    return secret


def _signed_out(stage):
    secret = _session(stage)
    stage.does(credentials.sign_out, secret, stage.cast.dora)
    return secret


def _end(stage, kind):
    newest = stage.does(own.find, kind, stage.cast.dora)[0]
    stage.does(own.revoke, kind, credentials.reference(newest), stage.cast.dora)


def _forged(_stage):
    return "x" * 43


def _redeem(http, secret):
    return http.post(f"/sign-in/{secret}")


def _visit(http, secret):
    return http.get(f"/partner/{secret}")


def _answer(http, secret):
    return http.post(f"/partner/{secret}", data={"note": "Fine."})


def _call(http, secret):
    return http.get("/api/v1/incidents", headers={"Authorization": f"Bearer {secret}"})


def _browse(http, secret):
    http.set_cookie("steadyhand", secret)
    return http.get("/incidents")


def _give_code(http, secret):
    http.set_cookie("steadyhand-code", secret)
    return http.post("/sign-in/code", data={"code": "123456"})


def _ring(http, secret):
    return http.post(f"/doors/alertmanager/{secret}", json=given.alert("firing"))


NOW, IDLE = timedelta(), timedelta(minutes=31)
# What it is -> how it came about, how long ago, what is tried with it, and at which address.
SPENT = {
    "a forged sign-in link": (_forged, NOW, _redeem, "/sign-in/<link>"),
    "a used sign-in link": (_used, NOW, _redeem, "/sign-in/<link>"),
    "an expired sign-in link": (lambda s: s.cast.link("dora"), LONG, _redeem, "/sign-in/<link>"),
    "a sign-in link of who was locked out": (
        _of_nobody(lambda s: s.cast.link("dora")),
        *(NOW, _redeem, "/sign-in/<link>"),
    ),
    "a forged partner link": (_forged, NOW, _visit, "/partner/<secret>"),
    "an expired partner link": (lambda s: _partner(s).secret, LONG, _visit, "/partner/<secret>"),
    "a withdrawn partner link": (_withdrawn, NOW, _visit, "/partner/<secret>"),
    "a withdrawn partner link, to answer": (_withdrawn, NOW, _answer, "/partner/<secret>"),
    "a used partner link": (_done, NOW, _answer, "/partner/<secret>"),
    "a partner link of who left": (_left_by_its_sender, NOW, _answer, "/partner/<secret>"),
    "a forged API token": (_forged, NOW, _call, "/api/v1/incidents"),
    "an expired API token": (_token, LONG, _call, "/api/v1/incidents"),
    "a revoked API token": (_revoked, NOW, _call, "/api/v1/incidents"),
    "an API token of who was locked out": (_of_nobody(_token), NOW, _call, "/api/v1/incidents"),
    "a session as API token": (_session, NOW, _call, "/api/v1/incidents"),
    "a forged session": (_forged, NOW, _browse, "/incidents"),
    "an idle session": (_session, IDLE, _browse, "/incidents"),
    "an expired session": (_session, LONG, _browse, "/incidents"),
    "a session that was signed out": (_signed_out, NOW, _browse, "/incidents"),
    "a session that was ended elsewhere": (_ended, NOW, _browse, "/incidents"),
    "a session of who was locked out": (_of_nobody(_session), NOW, _browse, "/incidents"),
    "an API token as session": (_token, NOW, _browse, "/incidents"),
    "a forged sign-in that waits for a code": (_forged, NOW, _give_code, "/sign-in/code"),
    "an expired sign-in that waits for a code": (
        lambda s: factors.asked(s).secret,
        *(LONG, _give_code, "/sign-in/code"),
    ),
    "a sign-in that waits for a code, as session": (
        lambda s: factors.asked(s).secret,
        *(NOW, _browse, "/incidents"),
    ),
    "a forged door": (_forged, NOW, _ring, "/doors/alertmanager/<token>"),
}


@pytest.mark.parametrize("case", SPENT.values(), ids=SPENT)
def test_what_is_forged_spent_or_revoked_opens_nothing(case, stage, logged, time_travel, unchanged):
    make, ago, attempt, rule = case
    secret = make(stage)
    time_travel(ago)
    unchanged()

    answer = attempt(stage.anyone(), secret)

    is_sent_away = answer.status_code == 302 and answer.location.startswith("/sign-in")
    assert is_sent_away or answer.status_code in (401, 403, 404, 422)
    assert not [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("steadyhand=x")]
    assert logged() == {(Kind.CREDENTIAL_REFUSED, rule)}


# ---- what was seen on the way, and is sent again


def _passkey_again(stage):
    it = passkeys._answered(stage)
    stage.anyone().post("/sign-in/passkey", data={"credential": it.signed})
    return it


def test_an_answer_of_a_passkey_counts_once(stage, logged):
    it = _passkey_again(stage)

    answer = stage.anyone().post("/sign-in/passkey", data={"credential": it.signed})

    assert answer.status_code in (400, 403, 422)
    assert answer.headers.getlist("Set-Cookie") == []
    assert {route for _, route in logged()} == {"/sign-in/passkey"}


class Returning:
    """A browser that is back from the provider."""

    def __init__(self, served, provider):
        self.served, self.http = served, served.test_client()
        back = urlsplit(provider.authorize(self.http.get(START).location))
        self.callback = f"{back.path}?{back.query}"
        self.kept = self.http.get_cookie("steadyhand-openid").value

    def again(self):
        self.http.get(self.callback)
        self.http.set_cookie("steadyhand-openid", self.kept)
        return self.http.get(self.callback)

    def without_cookie(self):
        return self.served.test_client().get(self.callback)

    def again_without_cookie(self):
        self.http.get(self.callback)
        return self.http.get(self.callback)

    def elsewhere(self):
        other = self.served.test_client()
        other.get(START)
        return other.get(self.callback)

    def with_another_cookie(self):
        self.http.set_cookie("steadyhand-openid", self.kept[:-4] + "AAAA")
        return self.http.get(self.callback)

    def with_another_state(self):
        return self.http.get(self.callback + "x")

    def of_another_provider(self):
        return self.http.get(f"{self.callback}&iss=https://other.test")


REPLAYS = [name for name in vars(Returning) if not name.startswith("_")]


@pytest.mark.parametrize("way", REPLAYS)
def test_a_callback_is_good_once_and_in_one_browser(way, database, served, provider):
    browser = Returning(served, provider)
    with database.reading() as session:
        most = session.query(Credential).count() + way.startswith("again")

    answer = getattr(browser, way)()

    assert answer.status_code == 400
    with database.reading() as session:
        entry = session.query(SecurityEvent).one()
        assert session.query(Credential).count() == most
    assert (entry.route, "code" in entry.detail) == (f"{START}/callback", False)
    assert entry.event in (Kind.SIGNATURE_REFUSED, Kind.CREDENTIAL_REFUSED)


# ---- ids of something else


def _two(before):
    """The same twice: what is one's own, and what is another's."""

    def made(stage):
        return SimpleNamespace(mine=before(stage), other=before(stage))

    return made


def _of(kind):
    """A session or token of Tess's."""

    def made(stage):
        if kind is CredentialKind.SESSION:
            stage.does(credentials.start_session, stage.cast.tess)
        else:
            stage.does(own.issue_token, Terms("Export", Scope.READ, 30), stage.cast.tess)
        newest = stage.does(own.find, kind, stage.cast.tess)[0]
        return SimpleNamespace(
            key=credentials.reference(newest), dora=stage.cast.dora.id, tess=stage.cast.tess.id
        )

    return made


def _fresh(stage, it, path, **form):
    return stage.anyone(it.secret).post(path.format(it=it), data=form)


def _with_fresh_session(before, username):
    """What is Dora's, and a session that somebody else has just begun."""

    def made(stage):
        it = before(stage)
        it.secret = stage.does(credentials.start_session, getattr(stage.cast, username))
        return it

    return made


def _api(who, method, path, body=None):
    return lambda stage, it: stage.send(
        who, method, f"/api/v1{path.format(it=it)}", json=_filled(body, it) or None
    )


def _page(who, path, **form):
    return lambda stage, it: stage.post(who, path.format(it=it), data=_filled(form, it))


def _filled(body, it):
    if isinstance(body, dict):
        return {key: _filled(value, it) for key, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, it) for value in body]
    return body.format(it=it) if isinstance(body, str) else body


_SESSION, _TOKEN = _of(CredentialKind.SESSION), _of(CredentialKind.TOKEN)
_CONTROL = "/incidents/{it.mine.incident.id}/process"
_HAND = "/incidents/{it.mine.incident.number}/process"
_WHY = {"reason": given.WHY.text}
_PASSKEY = _with_fresh_session(passkeys._added, "tess")
# The rule -> what there is, and who asks for what of it.
SWAPPED = {
    "DELETE /api/v1/sessions/<session_id>": (
        _SESSION,
        _api("dora", "DELETE", "/sessions/{it.key}"),
    ),
    "DELETE /api/v1/tokens/<token_id>": (_TOKEN, _api("dora", "DELETE", "/tokens/{it.key}")),
    "DELETE /api/v1/people/<person_id>/sessions/<session_id>": (
        _SESSION,
        _api("ada", "DELETE", "/people/{it.dora}/sessions/{it.key}"),
    ),
    "DELETE /api/v1/people/<person_id>/tokens/<token_id>": (
        _TOKEN,
        _api("ada", "DELETE", "/people/{it.dora}/tokens/{it.key}"),
    ),
    "POST /account/sessions/<session_id>/end": (
        _SESSION,
        _page("dora", "/account/sessions/{it.key}/end"),
    ),
    "POST /account/tokens/<token_id>/revoke": (
        _TOKEN,
        _page("dora", "/account/tokens/{it.key}/revoke"),
    ),
    "POST /people/<person_id>/sessions/<session_id>/end": (
        _SESSION,
        _page("ada", "/people/{it.dora}/sessions/{it.key}/end"),
    ),
    "POST /people/<person_id>/tokens/<token_id>/revoke": (
        _TOKEN,
        _page("ada", "/people/{it.dora}/tokens/{it.key}/revoke"),
    ),
    "POST /account/absences/<absence_id>/end": (
        away,
        _page("tess", "/account/absences/{it.absence.id}/end"),
    ),
    "POST /account/passkeys/<passkey_id>/rename": (
        _PASSKEY,
        lambda stage, it: _fresh(
            stage,
            it,
            "/account/passkeys/{it.passkey.id}/rename",
            **{f"label.{it.passkey.id}": "Mine"},
        ),
    ),
    "POST /account/passkeys/<passkey_id>/remove": (
        _PASSKEY,
        lambda stage, it: _fresh(stage, it, "/account/passkeys/{it.passkey.id}/remove"),
    ),
    "POST /api/v1/incidents/<incident_id>/process/timers/<token_id>": (
        _two(incident_of("small")),
        _api(
            "max",
            "POST",
            f"{_CONTROL}/timers/{{it.other.timer}}",
            _WHY | {"due_at": "2031-01-31T10:00:00Z"},
        ),
    ),
    "POST /api/v1/incidents/<incident_id>/process/retry": (
        _two(given.failed),
        _api("max", "POST", f"{_CONTROL}/retry", _WHY | {"token": "{it.other.token}"}),
    ),
    "POST /api/v1/incidents/<incident_id>/process/move": (
        _two(incident_of("two")),
        _api(
            "max",
            "POST",
            f"{_CONTROL}/move",
            _WHY | {"withdraw": ["{it.other.token}"], "start": []},
        ),
    ),
    "POST /incidents/<number>/process/timers/<token_id>": (
        _two(incident_of("small")),
        _page("max", f"{_HAND}/timers/{{it.other.timer}}", **_WHY, due_at="2031-01-31 10:00"),
    ),
    "POST /incidents/<number>/process/retry/<token_id>": (
        _two(given.failed),
        _page("max", f"{_HAND}/retry/{{it.other.token}}", **_WHY),
    ),
    "DELETE /api/v1/tasks/<task_id>/partners/<link_id>": (
        _two(_partner),
        _api("dora", "DELETE", "/tasks/{it.mine.task.id}/partners/{it.other.link.id}"),
    ),
    "POST /tasks/<task_id>/partners/<link_id>/withdraw": (
        _two(_partner),
        _page("dora", "/tasks/{it.mine.task.id}/partners/{it.other.link.id}/withdraw"),
    ),
}
# Two ids of which one alone says nothing; a version or a path is none.
PAIRS = {"session_id", "token_id", "link_id"}


@pytest.mark.parametrize("address", SWAPPED)
def test_an_id_of_something_else_leads_nowhere(address, stage, logged, unchanged):
    before, does = SWAPPED[address]
    it = before(stage)
    unchanged()

    answer = does(stage, it)

    assert answer.status_code in (404, 409), answer.text
    assert logged() == {(Kind.THING_REFUSED, address.partition(" ")[2])}


def test_every_address_that_names_a_thing_of_another_is_tried(stage):
    named = {
        f"{method} {rule.rule}"
        for rule in stage.rules()
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}
        if rule.arguments & PAIRS
    }

    assert named - set(SWAPPED) == set()

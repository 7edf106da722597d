"""A POST with an Idempotency-Key acts once and is answered alike, however often it comes."""

import json
import re
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event, func, select
from werkzeug.routing import AnyConverter, IntegerConverter

from api import context, create_app
from engine import idempotency, intake
from engine.actors import SYSTEM
from engine.errors import Conflict
from engine.settings import Settings
from engine.store.database import Database
from engine.store.tables import IdempotencyKey, Incident
from tests.diagrams import one_task
from tests.factories import client, deploy, dump, open_tasks, report
from tests.server import ROOT, free_port

INCIDENTS = "/api/v1/incidents"
REPORT = {"process": "small", "answers": {"title": "Mail is down"}}
OTHER = {"process": "small", "answers": {"title": "The door is stuck"}}
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
OURS = {"Sec-Fetch-Site": "same-origin"}
ALERT = json.loads((Path(__file__).parents[1] / "journeys" / "alertmanager.json").read_text())
TWINS = 20


@pytest.fixture
def as_(database, cast):
    """The API, and the pages, as a person by first name."""
    deploy(database, one_task())
    return lambda username: client(database, cast.token(username))


@pytest.fixture
def door(database, as_):
    """Opens a door and returns its address."""

    def opened():
        with database.transaction() as session:
            return f"/doors/alertmanager/{intake.add_door(session, *DOOR)}"

    return opened


DOOR = ("alertmanager", "prod", "small", SYSTEM)


def count(database, rows=Incident):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(rows))


def said(answer):
    """What an answer tells, but for whether it is told again."""
    headers = dict(answer.headers)
    for name in ("Idempotency-Replayed", "traceparent"):
        headers.pop(name, None)
    return answer.status_code, headers, answer.get_data()


def problem(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    return answer.get_json()["detail"]


def test_the_same_request_with_its_key_acts_once_and_is_answered_alike(database, as_):
    http = as_("dora")

    first = http.post(INCIDENTS, json=REPORT, headers=KEY)
    again = http.post(INCIDENTS, json=REPORT, headers=KEY)

    assert first.status_code == 201, first.text
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert said(again) == said(first)
    assert count(database) == 1


def test_without_a_key_every_request_acts_and_nothing_is_kept(database, as_):
    http = as_("dora")

    numbers = {http.post(INCIDENTS, json=REPORT).get_json()["number"] for _ in range(2)}

    assert len(numbers) == 2
    assert count(database, IdempotencyKey) == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (INCIDENTS, OTHER),
        (f"{INCIDENTS}?process=small", REPORT),
        ("/api/v1/messages", {"name": "Paid", "key": "", "payload": None}),
    ],
)
def test_a_key_is_refused_for_another_request(path, body, database, as_):
    http = as_("dora")
    http.post(INCIDENTS, json=REPORT, headers=KEY)
    before = dump(database)

    answer = http.post(path, json=body, headers=KEY)

    assert "Idempotency-Key" in problem(answer, 422)
    assert dump(database) == before


def test_nobody_gets_the_answer_to_somebody_else(database, as_):
    first = as_("dora").post(INCIDENTS, json=REPORT, headers=KEY)

    other = as_("rob").post(INCIDENTS, json=REPORT, headers=KEY)

    assert other.status_code == 201
    assert "Idempotency-Replayed" not in other.headers
    assert other.get_json()["number"] != first.get_json()["number"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_without_proof_of_who_asks_there_is_no_answer_again(headers, database, as_):
    as_("dora").post(INCIDENTS, json=REPORT, headers=KEY)

    answer = client(database).post(INCIDENTS, json=REPORT, headers=KEY | headers)

    assert "Sign in" in problem(answer, 401)


def test_an_error_leaves_nothing_so_that_the_request_can_be_corrected(database, as_):
    http = as_("dora")
    before = dump(database)

    wrong = http.post(INCIDENTS, json={"process": "small", "answers": {}}, headers=KEY)
    after = dump(database)
    right = http.post(INCIDENTS, json=REPORT, headers=KEY)

    problem(wrong, 422)
    assert after == before
    assert right.status_code == 201


@pytest.mark.parametrize("key", ["", "\t", "x" * 256, "schlüssel", "a\x7fb"])
def test_what_cannot_be_a_key_is_refused_by_name(key, database, as_):
    http = as_("dora")
    before = dump(database)

    answer = http.post(INCIDENTS, json=REPORT, headers={"Idempotency-Key": key})

    assert "Idempotency-Key" in problem(answer, 400)
    assert dump(database) == before


@pytest.mark.parametrize("key", ["x", "x" * 255, '"8e03978e"', "a key, with; all = sorts"])
def test_any_printable_text_can_be_a_key(key, database, as_):
    http = as_("dora")

    numbers = {
        http.post(INCIDENTS, json=REPORT, headers={"Idempotency-Key": key}).get_json()["number"]
        for _ in range(2)
    }

    assert len(numbers) == 1


def test_only_a_post_is_kept(database, as_):
    http = as_("dora")
    incident = http.post(INCIDENTS, json=REPORT).get_json()
    path = f"{INCIDENTS}/{incident['id']}"

    read = http.get(path, headers=KEY)
    corrected = http.patch(
        path, json={"title": "Mail is slow"}, headers=KEY | {"If-Match": read.headers["ETag"]}
    )

    assert (read.status_code, corrected.status_code) == (200, 200)
    assert count(database, IdempotencyKey) == 0


# ---- what else sends: doors and pages


def test_a_door_counts_an_alert_once_that_was_sent_twice_with_one_key(database, door):
    http, address = client(database), door()
    http.post(address, json=ALERT["body"])

    answers = [http.post(address, json=ALERT["body"], headers=KEY) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert said(answers[0]) == said(answers[1])
    with database.reading() as session:
        assert session.scalars(select(Incident.occurrences)).all() == [2]


def test_each_door_has_its_own_keys(database, door):
    http = client(database)

    answers = [http.post(door(), json=ALERT["body"], headers=KEY) for _ in range(2)]

    assert len({answer.get_json()["incident"] for answer in answers}) == 2


def test_the_report_form_sent_twice_by_a_double_click_reports_once(database, as_):
    http = as_("rob")
    form = hidden(http.get("/report?process=small").text) | {"title": "Mail is down"}

    answers = [http.post("/report?process=small", data=form, headers=OURS) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assert count(database) == 1


def test_a_refused_report_form_can_be_corrected_and_sent_again(database, as_):
    http = as_("rob")
    form = hidden(http.get("/report?process=small").text) | {"title": ""}

    refused = http.post("/report?process=small", data=form, headers=OURS)
    form |= {"title": "Mail is down"}
    sent = http.post("/report?process=small", data=form, headers=OURS)

    assert (refused.status_code, sent.status_code) == (422, 303)
    assert count(database) == 1


def test_each_form_that_is_opened_is_another_report(database, as_):
    http = as_("rob")

    for _ in range(2):
        form = hidden(http.get("/report?process=small").text) | {"title": "Mail is down"}
        http.post("/report?process=small", data=form, headers=OURS)

    assert count(database) == 2


def test_a_form_sent_before_says_so_to_a_person(as_):
    http = as_("rob")
    form = hidden(http.get("/report?process=small").text)

    http.post("/report?process=small", data=form | {"title": "Mail is down"}, headers=OURS)
    answer = http.post("/report?process=small", data=form | {"title": "Other"}, headers=OURS)

    assert answer.status_code == 422
    assert "This form was sent before" in answer.text


def test_a_page_that_refuses_shows_the_task_as_it_was_and_changes_nothing(database, cast, as_):
    task = open_tasks(database, report(database, cast.rob), cast.dora)["Look"]
    http = as_("dora")
    before = dump(database)

    answer = http.post(f"/tasks/{task.id}", data={"note": ""}, headers=OURS | KEY)

    assert answer.status_code == 422
    assert f'action="/tasks/{task.id}/claim"' in answer.text  # nobody has it
    assert dump(database) == before


def test_a_sign_in_is_never_kept(database, cast, as_):
    http, path = client(database), f"/sign-in/{cast.link('dora')}"

    first = http.post(path, headers=OURS | KEY)
    http.delete_cookie("steadyhand")
    again = http.post(path, headers=OURS | KEY)

    assert (first.status_code, again.status_code) == (303, 403)
    assert "Set-Cookie" in first.headers
    assert "Set-Cookie" not in again.headers
    assert count(database, IdempotencyKey) == 0


def hidden(page):
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page))


# ---- every way in

URLS = create_app(Database("sqlite://"), Settings("sqlite://")).url_map
POSTS = [rule for rule in URLS.iter_rules() if "POST" in rule.methods]
WAYS_IN = ("sign_in", "passkeys", "second_factor")
TAKING = [rule for rule in POSTS if rule.endpoint.partition(".")[0] not in WAYS_IN]
ANSWERING_WITH_A_SECRET = (
    "/api/v1/tokens",
    "/api/v1/people/{person_id}/tokens",
    "/api/v1/people/{person_id}/link",
    "/api/v1/tasks/{task_id}/partners",
)


def address(rule):
    """An address of the rule, with something made up in each of its gaps."""
    return URLS.bind("").build(
        rule.endpoint,
        {name: _made_up(kind) for name, kind in rule._converters.items()},
        method="POST",
    )


def _made_up(converter):
    if isinstance(converter, AnyConverter):
        return sorted(converter.items)[0]
    return 1 if isinstance(converter, IntegerConverter) else "x"


@pytest.mark.parametrize("rule", TAKING, ids=lambda rule: rule.endpoint)
def test_every_post_takes_a_key_and_works_in_its_transaction(rule, database, as_):
    http, path = as_("olga"), address(rule)
    before = dump(database)

    unfit = http.post(path, json={}, headers=OURS | {"Idempotency-Key": ""})
    taken = [http.post(path, json={}, headers=OURS | KEY) for _ in range(2)]

    assert unfit.status_code == 400
    assert "Idempotency-Key takes" in unfit.text
    assert taken[0].status_code == taken[1].status_code < 500
    if taken[0].status_code >= 400:
        assert dump(database) == before


def test_only_the_ways_in_take_no_key():
    left_out = {rule.endpoint for rule in POSTS} - {rule.endpoint for rule in TAKING}

    assert left_out == {
        *("sign_in.sign_in", "sign_in.give_code", "sign_in.redeem"),
        *("sign_in.sign_out", "sign_in.set_password"),
        *("passkeys.ask_to_add", "passkeys.add", "passkeys.rename", "passkeys.remove"),
        *("passkeys.ask_to_sign_in", "passkeys.sign_in"),
        *("second_factor.add", "second_factor.remove", "second_factor.issue_recovery_codes"),
    }


def test_the_document_tells_of_the_key_at_every_post_and_nowhere_else(as_):
    document = as_("aude").get("/api/docs/openapi.json").get_json()

    told = {
        (path, method)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and _names_the_key(operation)
    }

    posts = {(path, "post") for path, found in document["paths"].items() if "post" in found}
    assert posts - told == {(path, "post") for path in ANSWERING_WITH_A_SECRET}
    assert told < posts
    assert all("Idempotency-Key" in _unfit(document, path) for path, _ in told)


def _names_the_key(operation):
    return any(p.get("name") == "Idempotency-Key" for p in operation.get("parameters", ()))


def _unfit(document, path):
    return document["paths"][path]["post"]["responses"]["422"]["description"]


# ---- one transaction


@pytest.fixture
def failing_commit(database):
    """The next commit fails, as that of a server which goes away."""

    def fail(_):
        event.remove(database.engine, "commit", fail)
        raise RuntimeError("The lights went out.")

    event.listen(database.engine, "commit", fail)


def test_the_effect_and_its_answer_are_kept_together_or_not_at_all(database, as_, request):
    http = as_("dora")
    before = dump(database)
    request.getfixturevalue("failing_commit")

    failed = http.post(INCIDENTS, json=REPORT, headers=KEY)
    after = dump(database)
    again = http.post(INCIDENTS, json=REPORT, headers=KEY)

    problem(failed, 500)
    assert after == before
    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again.headers


@pytest.fixture
def asked(database, cast, as_):
    """Within a request of Dora's that has one transaction for all that it does."""
    app = create_app(database, Settings(database.url))
    headers = {"Authorization": f"Bearer {cast.token('dora')}"}
    with app.test_request_context(method="POST", headers=headers):
        yield


def test_a_request_sees_what_it_has_changed_and_nobody_else_does(database, asked):
    with context.whole_request():
        with context.changing() as (session, actor):
            intake.report(session, "small", REPORT["answers"], "api", actor)
        with context.reading() as (session, _):
            seen = len(session.scalars(select(Incident.id)).all())
        seen_by_others = count(database)

    assert (seen, seen_by_others) == (1, 0)
    assert count(database) == 1


def test_one_change_of_a_request_that_is_refused_leaves_the_others(database, asked):
    with context.whole_request():
        for outcome in (nullcontext(), pytest.raises(Conflict), nullcontext()):
            with outcome, context.changing() as (session, actor):
                intake.report(session, "small", REPORT["answers"], "api", actor)
                if not isinstance(outcome, nullcontext):
                    raise Conflict("It has ended.")

    assert count(database) == 2


def test_twins_that_come_at_once_act_once_and_are_all_answered_alike(server, database, as_, cast):
    token, start, answers = cast.token("dora"), threading.Barrier(TWINS), []

    def send():
        with server.client(token) as http:
            start.wait()
            answers.append(_insist(http))

    twins = [threading.Thread(target=send) for _ in range(TWINS)]
    for twin in twins:
        twin.start()
    for twin in twins:
        twin.join()

    assert {answer.status_code for answer in answers} == {201}, [a.text for a in answers]
    assert len(answers) == TWINS
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) >= TWINS - 1
    assert count(database) == 1


def _insist(http):
    """Send it until it is answered: a server may turn away some of those that come at once."""
    while True:
        try:
            return http.post(INCIDENTS, json=REPORT, headers=KEY)
        except httpx.TransportError:
            time.sleep(0.01)


# Serves one request and is killed when its change is made, before a byte of the answer is sent.
DYING = """
import os, signal, sys
from cheroot.wsgi import Server
from api import create_app
from engine.settings import Settings
from engine.store.database import Database

url, port = sys.argv[1:]
app = create_app(Database(url), Settings(url))

def dying(environ, start_response):
    app(environ, start_response)
    os.kill(os.getpid(), signal.SIGKILL)

server = Server(("127.0.0.1", int(port)), dying)
server.prepare()
print("ready", flush=True)
server.serve()
"""


def test_an_answer_lost_with_a_killed_server_is_given_by_the_next(server, database, as_, cast):
    token = cast.token("dora")

    with pytest.raises(httpx.TransportError):
        _send_to_a_dying_server(database.url, token)
    lost = count(database)
    with server.client(token) as http:
        again = http.post(INCIDENTS, json=REPORT, headers=KEY)

    assert lost == 1
    assert again.status_code == 201, again.text
    assert again.headers["Idempotency-Replayed"] == "true"
    assert count(database) == 1


def _send_to_a_dying_server(database_url, token):
    port = free_port()
    command = [sys.executable, "-c", DYING, database_url, str(port)]
    headers = KEY | {"Authorization": f"Bearer {token}"}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as dying:
        dying.stdout.readline()
        url = f"http://127.0.0.1:{port}{INCIDENTS}"
        httpx.post(url, json=REPORT, headers=headers, timeout=30, trust_env=False)


# ---- a day later


def test_after_a_day_a_key_is_as_good_as_new(database, as_, time_travel):
    http = as_("dora")
    http.post(INCIDENTS, json=REPORT, headers=KEY)

    time_travel(timedelta(hours=24, seconds=1))
    answer = http.post(INCIDENTS, json=OTHER, headers=KEY)
    again = http.post(INCIDENTS, json=OTHER, headers=KEY)

    assert answer.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.get_json() == answer.get_json()
    assert (count(database), count(database, IdempotencyKey)) == (2, 1)


def test_answers_are_kept_for_a_day_and_then_forgotten(database, as_, time_travel):
    http = as_("dora")
    http.post(INCIDENTS, json=REPORT, headers=KEY)
    time_travel(timedelta(hours=12))
    http.post(INCIDENTS, json=REPORT, headers={"Idempotency-Key": "later"})

    time_travel(timedelta(hours=11, minutes=59))
    with database.transaction() as session:
        kept = idempotency.purge(session)
    time_travel(timedelta(minutes=2))
    with database.transaction() as session:
        gone = idempotency.purge(session)

    assert (kept, gone) == (0, 1)
    with database.reading() as session:
        assert session.scalars(select(IdempotencyKey.key)).all() == ["later"]

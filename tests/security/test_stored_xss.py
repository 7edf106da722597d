"""What people write is text wherever it is shown: no script in it runs, and none even tries.

Every form that the pages offer is sent with probes in every field that takes text, by everybody
who finds it by following links; so a new field is tried without a word here. Then every page is
opened in a browser. What a probe could do is stopped by the policy, which would tell of it.
"""

import re
from collections import Counter
from html import escape
from urllib.parse import urljoin, urlsplit

import httpx
import lxml.html
import pytest
from playwright.sync_api import Error

from api import create_app
from api.security import POLICY
from engine import intake
from engine.actors import SYSTEM, Role
from engine.instances import messages
from engine.people import accounts, credentials
from engine.people.credentials import CredentialKind
from engine.settings import Settings
from tests import diagrams
from tests.diagrams import bundle, line, user_task
from tests.factories import complete, deploy, report
from tests.journeys.conftest import fresh  # noqa: F401 -- a fixture

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PROBES = (
    "<script>window.probed=1</script>",
    '"><img src=x onerror=window.probed=1>',
    "'><svg/onload=window.probed=1>",
    "javascript:window.probed=1",
    "</textarea></title></script><script>window.probed=1</script>",
    '" autofocus onfocus=window.probed=1 x="',
    "<style>*{background:url(//evil.example)}</style>",
    "{{1337*1337}}${1337*1337}{% print(1337*1337) %}<%=1337*1337%>",
    "<a href=javascript:window.probed=1>here</a>",
)
CALCULATED = "1787569"  # what a template would make of a probe
ALL = " ".join(PROBES)
NAME = " ".join(PROBES[1:5])  # a name in a diagram holds no more
TEXTS = {"text", "search", "email", "tel", "url", None}
# One after the other, where what came before was refused: too long, no number, no moment, no name.
TRIED = (ALL, *PROBES[:3], "1", "2031-01-01 10:00", "2031-01-01", "Service Desk", "rob")
# Forms and pages that would end the visit.
LEFT_OUT = re.compile(r"/sign-out|/password|/passkey|/second-factor|/sessions|/sign-in")
ROLES = {
    "responder": [(Role.RESPONDER, "Service Desk"), (Role.RESPONDER, "Technical Team")],
    "manager": [(Role.INCIDENT_MANAGER, "")],
    "owner": [(Role.PROCESS_OWNER, "")],
    "auditor": [(Role.AUDITOR, "")],
    "admin": [(Role.ADMINISTRATOR, "")],
    "reporter": [(Role.REPORTER, "")],
}
MOST_PAGES = 60  # of one person
LISTEN = """
window.violations = [];
document.addEventListener('securitypolicyviolation', e =>
  window.violations.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
"""


def template(path):
    """A path without what makes it this one; of one kind, a few are looked at."""
    return re.sub(r"INC-[\d-]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "…", path)


# To a question of each type.
ANSWERS = {"textfield": ALL, "textarea": ALL, "number": 1, "checkbox": True}
ANSWERS |= {"radio": PROBES[0], "select": PROBES[1]}


class Writer:
    """Somebody who follows every link and fills every form with probes."""

    def __init__(self, url, link):
        self._http = httpx.Client(
            base_url=url, timeout=60, headers={"Sec-Fetch-Site": "same-origin"}
        )
        self._http.post(f"/sign-in/{link}")
        self._seen = Counter()
        self._sent = Counter()
        self.fields = set()
        self.accepted = set()

    def walk(self, begins_at):
        waiting = ["/", "/inbox?queue=all", "/incidents?show=all", *begins_at]
        while waiting and self._seen.total() < 2 * MOST_PAGES:
            path = waiting.pop(0)
            kind = template(path)
            if self._seen[kind] < 4:
                self._seen[kind] += 1
                waiting += self._look(path)

    def _look(self, path):
        answer = self._http.get(path, follow_redirects=True)
        assert answer.status_code < 500, path
        if "html" not in answer.headers.get("content-type", "") or not answer.text:
            return []
        page = lxml.html.fromstring(answer.text, base_url=str(answer.url))
        for each in page.forms:
            self._send(each, str(answer.url))
        return list(links(page, str(answer.url)))

    def _send(self, form, url):
        """Send what takes text, with something else where it was refused, until it fits."""
        target = urljoin(url, form.action or "")
        kind = template(urlsplit(target).path)
        texts = [field for field in form.inputs if field.name and takes_text(field)]
        is_left_out = form.method != "POST" or LEFT_OUT.search(kind) or not texts
        if is_left_out or self._sent[kind] >= 3:
            return
        self._sent[kind] += 1
        self.fields |= {(kind, template(field.name)) for field in texts}
        answers, files = dict(chosen(form)), dict(uploads(form))
        asked = {field.name for field in texts}
        for text in TRIED:
            answers |= dict.fromkeys(asked, text)
            answer = self._http.post(target, data=answers, files=files or None)
            assert answer.status_code < 500, (target, answer.text)
            if answer.status_code != 422:
                break
            asked = set(lxml.html.fromstring(answer.text).xpath("//*[@aria-invalid]/@name"))
        if answer.status_code < 400:
            self.accepted.add(kind)

    def close(self):
        self._http.close()


def takes_text(field):
    return field.tag == "textarea" or (field.tag == "input" and field.get("type") in TEXTS)


def chosen(form):
    """Something that was offered, for every question that offers something."""
    for field in form.inputs:
        if field.name and field.tag == "select":
            yield field.name, next((value for value in field.value_options if value), "")
        elif field.name and field.tag == "input" and field.get("type") not in ("submit", "file"):
            yield field.name, field.get("value") or "1"


def uploads(form):
    for field in form.inputs:
        if field.get("type") == "file":
            yield field.name, (f"{PROBES[1]}.bpmn", drawn()["processes/probe/probe.bpmn"])


def links(page, url):
    for address in page.xpath("//a/@href"):
        target = urlsplit(urljoin(url, address))
        assert target.scheme in ("http", "https"), address
        if target.netloc == urlsplit(url).netloc and not LEFT_OUT.search(target.path):
            yield target._replace(scheme="", netloc="", fragment="").geturl()


@pytest.fixture
def people(database):
    """Somebody in each role, named with a probe -> a link that signs them in."""
    made = {}
    with database.transaction() as session:
        for number, (username, grants) in enumerate(ROLES.items()):
            name = PROBES[number % len(PROBES)]
            groups = [*grants, (grants[0][0], PROBES[-number])] if number < 2 else grants
            made[username] = accounts.add(session, username, name, groups, SYSTEM).id

    def link(username):
        with database.transaction() as session:
            return credentials.issue(session, made[username], CredentialKind.LINK, SYSTEM)

    return link


@pytest.fixture
def written(database, server, people, cast):
    """What no form of a page takes: diagrams, messages, doors; then all forms, by everybody."""
    deploy(database, drawn())
    with database.transaction() as session:
        for probe in PROBES:
            messages.send(session, probe, probe, {"text": probe, probe: [probe]}, cast.dora)
        token = intake.add_door(session, "alertmanager", ALL[:120], "probe", SYSTEM)
    for probe in PROBES:
        number = report(database, cast.dora, "probe", title=probe).number
        report(
            database,
            cast.dora,
            "incident",
            description=probe,
            service=probe,
            affected="customers",
            title=probe,
        )
    done = report(database, cast.dora, "probe", title=ALL[:200])
    complete(database, done, "Look", cast.dora, **ANSWERS)
    httpx.post(f"{server.url}/doors/alertmanager/{token}", json=_alert()).raise_for_status()
    writers = []
    for username in ROLES:
        writers.append(Writer(server.url, people(username)))
        writers[-1].walk(pages_of(database, number))
        writers[-1].close()
    return writers


def pages_of(database, number):
    """Every page about one incident, and its process."""
    known = {"number": number, "name": "hold", "process_id": "probe", "version": 1}
    for rule in create_app(database, Settings(database.url)).url_map.iter_rules():
        if "GET" in rule.methods and "number" in rule.arguments <= set(known):
            yield rule.build({name: known[name] for name in rule.arguments})[1]


def drawn():
    """A process with a probe in each name that its owner gives, and a question of each type."""
    questions = [
        {"type": type_, "key": type_, "label": ALL, "description": ALL, **options}
        for type_, options in (
            ("textfield", {}),
            ("textarea", {}),
            ("number", {}),
            ("checkbox", {}),
            ("radio", {"values": [{"value": PROBES[0], "label": ALL}]}),
            ("select", {"values": [{"value": PROBES[1], "label": ALL}]}),
        )
    ]
    explained = {"type": "text", "text": ALL}
    files = bundle(
        *line(user_task("Look", form="all"), user_task("Check")),
        process_id="probe",
        forms={"all": diagrams.form("all", explained, *questions)},
    )
    path = "processes/probe/probe.bpmn"
    texts = {"Do Look": NAME, "A small process": NAME, "Do it.": ALL, "For a test.": ALL}
    for plain, probes in texts.items():
        files[path] = files[path].replace(plain.encode(), escape(probes).encode())
    return files


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


class Reader:
    """Somebody who opens every page in a browser, with the policy in force."""

    def __init__(self, browser, url):
        self._url = url
        self._context = browser.new_context(base_url=url)
        self._context.add_init_script(LISTEN)
        self.page = self._context.new_page()
        self.opened = Counter()
        self.troubles = []
        self.page.on("dialog", self._dismiss)
        self.page.on("console", self._listen)
        self.page.on("request", self._watch)

    def sign_in(self, link):
        self.page.goto(f"/sign-in/{link}")
        self.page.get_by_role("button", name="Sign in").click()

    def walk(self):
        waiting = ["/", "/inbox?queue=all", "/incidents?show=all"]
        while waiting and self.opened.total() < MOST_PAGES:
            path = waiting.pop(0)
            kind = template(path)
            if self.opened[kind] < 2:
                self.opened[kind] += 1
                waiting += self.look(path)

    def look(self, path):
        try:
            self.page.goto(path, wait_until="load")
        except Error as error:
            if "Download is starting" in str(error):
                return []
            raise
        self._ask(path)
        found = list(links(lxml.html.fromstring(self.page.content()), self.page.url))
        return [*found, *self._searches()]

    def close(self):
        self._context.close()

    def _ask(self, path):
        probed, violations = self.page.evaluate("[window.probed, window.violations || []]")
        if probed:
            self.troubles.append((path, "a probe ran"))
        self.troubles += [(path, violation) for violation in violations]
        if CALCULATED in self.page.content():
            self.troubles.append((path, "a probe was calculated"))

    def _searches(self):
        """Where the forms that only ask lead to, with probes in them."""
        fields = self.page.eval_on_selector_all(
            "form[method=get] input:not([type=date]):not([type=hidden])",
            "found => found.map(field => [field.form.action, field.name])",
        )
        for action, name in fields:
            for probe in PROBES[:3]:
                yield str(httpx.URL(action).copy_with(query=None).copy_merge_params({name: probe}))

    def _dismiss(self, dialog):
        self.troubles.append((self.page.url, f"a dialog: {dialog.message}"))
        dialog.dismiss()

    def _listen(self, message):
        if "Content Security Policy" in message.text:
            self.troubles.append((self.page.url, message.text))

    def _watch(self, request):
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and not request.url.startswith(self._url):
            self.troubles.append((self.page.url, f"asks {request.url}"))


@pytest.fixture
def reader(chromium):
    made = []

    def make(url):
        made.append(Reader(chromium, url))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_nothing_that_people_write_runs_in_any_page(written, people, reader, server):
    troubles, opened = [], Counter()

    for username in ROLES:
        window = reader(server.url)
        window.sign_in(people(username))
        window.walk()
        troubles += [(username, *trouble) for trouble in window.troubles]
        opened += window.opened

    fields = set().union(*(writer.fields for writer in written))
    accepted = set().union(*(writer.accepted for writer in written))
    print(f"\n{len(fields)} fields of {len(accepted)} forms, {opened.total()} pages")
    assert troubles == []
    assert len(fields) >= 15
    assert len(accepted) >= 10
    assert len(opened) >= 25


@pytest.mark.parametrize(
    "probe", [probe for probe in PROBES if "probed" in probe or "url(" in probe]
)
def test_a_page_that_shows_what_somebody_wrote_as_it_is_would_be_found(probe, reader):
    window = reader("http://127.0.0.1:9")
    body = f'<input value="{probe}"><p title=\'{probe}\'>{probe}</p><a href="{probe}">x</a>'
    policy = {"Content-Security-Policy": POLICY}
    window.page.route(
        "**/careless",
        lambda route: route.fulfill(
            body=f"<!doctype html><title>Careless</title>{body}",
            content_type="text/html",
            headers=policy,
        ),
    )

    window.page.goto("/careless")
    if "javascript:" in probe:
        window.page.locator("a[href^='javascript:']").first.click()
    window._ask("/careless")

    assert window.troubles

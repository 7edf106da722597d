"""Somebody who follows every link and fills every form with probes, without a browser."""

import re
from collections import Counter
from urllib.parse import urljoin, urlsplit

import httpx
import lxml.html

from tests.security import drawn
from tests.security.probes import ALL, PROBES

TEXTS = {"text", "search", "email", "tel", "url", None}
# One after the other, where what came before was refused: too long, no number, no moment, no name.
TRIED = (ALL, *PROBES[:3], "1", "2031-01-01 10:00", "2031-01-01", "Service Desk", "rob")
# Forms and pages that would end the visit.
LEFT_OUT = re.compile(
    r"/sign-out|/password|/passkeys(?!/…/rename)|/second-factor|/sessions|/sign-in/passkey"
)
MOST_PAGES = 160  # of one person


def template(path):
    """A path without what makes it this one; of one kind, a few are looked at."""
    return re.sub(r"INC-[\d-]+|[0-9a-f]{8}-[0-9a-f-]{27}|/partner/[\w-]{43}|\d+", "…", path)


class Writer:
    def __init__(self, url, session=None):
        self._http = httpx.Client(
            base_url=url,
            timeout=60,
            headers={"Sec-Fetch-Site": "same-origin", "User-Agent": PROBES[1]},
        )
        if session:
            self._http.cookies.set("steadyhand", session)
        self._seen = Counter()
        self._sent = Counter()
        self.fields = set()  # in which a probe was sent
        self.accepted = set()  # forms that took them
        self.shown = {}  # form and status -> a page that came back without another request

    def walk(self, begins_at):
        waiting = list(begins_at)
        while waiting and self._seen.total() < MOST_PAGES:
            path = waiting.pop(0)
            kind = template(path)
            if self._seen[kind] < 4:
                self._seen[kind] += 1
                waiting += self._look(path)

    def close(self):
        self._http.close()

    def _look(self, path):
        answer = self._http.get(path, follow_redirects=True)
        assert answer.status_code < 500, path
        if not is_page(answer):
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
        asked = frozenset(field.name for field in texts)
        is_left_out = form.method != "POST" or LEFT_OUT.search(kind) or not texts
        if is_left_out or self._sent[kind, asked] >= 3:
            return
        self._sent[kind, asked] += 1
        self.fields |= {(kind, template(field.name)) for field in texts}
        answers, files = dict(chosen(form)), dict(uploads(form))
        for text in TRIED:
            answers |= dict.fromkeys(asked, text)
            answer = self._http.post(target, data=answers, files=files or None)
            assert answer.status_code < 500, (target, answer.text)
            self._keep(kind, answer)
            if answer.status_code != 422:
                break
            asked = set(lxml.html.fromstring(answer.text).xpath("//*[@aria-invalid]/@name"))
        if answer.status_code < 400:
            self.accepted.add(kind)

    def _keep(self, kind, answer):
        if is_page(answer) and not answer.is_redirect:
            self.shown.setdefault((kind, answer.status_code), answer)


def is_page(answer):
    return "html" in answer.headers.get("content-type", "") and bool(answer.text)


def takes_text(field):
    return field.tag == "textarea" or (field.tag == "input" and field.get("type") in TEXTS)


def fields_of(page, url):
    """What takes text on a page from whoever looks at it: the form's kind, and the name."""
    for form in page.forms:
        kind = template(urlsplit(urljoin(url, form.action or "")).path)
        for field in form.inputs:
            is_open = not field.xpath("ancestor::fieldset[@disabled]")
            if field.name and takes_text(field) and is_open:
                yield kind, template(field.name), form.method


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
            yield field.name, (f"{PROBES[1]}.bpmn", drawn.bundled()[drawn.DIAGRAM])


def links(page, url):
    for address in page.xpath("//a/@href"):
        target = urlsplit(urljoin(url, address))
        assert target.scheme in ("http", "https"), address
        if target.netloc == urlsplit(url).netloc and not LEFT_OUT.search(target.path):
            yield target._replace(scheme="", netloc="", fragment="").geturl()

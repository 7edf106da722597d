"""Chromium from the system's packages, and people in it, each in a window of their own."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.databases import Sqlite

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The tools of bpmn.io draw their own panels; we look at everything around them.
NOT_OURS = [[".djs-container"], [".bio-properties-panel-container"]]
REPORT = {
    "description": "The sign-in page answers with an error since nine o'clock.",
    "service": "Dealer portal",
    "affected": "customers",
}


@pytest.fixture(scope="session")
def fresh(tmp_path_factory):
    """One database is enough for what people see; the API's tests run on both."""
    return Sqlite(tmp_path_factory.mktemp("databases")).fresh


@pytest.fixture
def visit(chromium, server, cast):
    """Sign a person in and return their page; every page that they open is watched for errors."""
    visitors = {}

    def sign_in(username, **window):
        if username not in visitors:
            visitors[username] = Visitor(chromium, server, window)
            visitors[username].sign_in(cast.link(username))
        return visitors[username]

    yield sign_in
    troubles = [trouble for visitor in visitors.values() for trouble in visitor.troubles]
    for visitor in visitors.values():
        visitor.close()
    assert troubles == []


class Visitor:
    """One person's window."""

    def __init__(self, chromium, server, window):
        # Axe is put into the page from outside, which the pages' own policy forbids.
        self._context = chromium.new_context(base_url=server.url, bypass_csp=True, **window)
        self._context.set_default_timeout(15_000)
        self.page = self._context.new_page()
        self.troubles = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._listen)

    def sign_in(self, link):
        self.page.goto(f"/sign-in/{link}")
        self.page.get_by_role("button", name="Sign in").click()

    def open(self, path):
        self.page.goto(path)
        return self.page

    def report(self, title):
        """Report an incident through the page and return its number."""
        self.open("/report")
        self.fill({**REPORT, "title": title})
        self.page.get_by_role("button", name=re.compile("report", re.IGNORECASE)).last.click()
        return self.page.locator(".receipt-number").inner_text()

    def fill(self, answers):
        """Answer a form: radio buttons by value, everything else by text."""
        for key, answer in answers.items():
            choice = self.page.locator(f'input[type=radio][name="{key}"][value="{answer}"]')
            if choice.count():
                choice.check()
            else:
                self.page.locator(f'[name="{key}"]').fill(str(answer))

    def assert_accessible(self):
        """No violation of WCAG 2.2 AA that axe can find on the page as it stands."""
        options = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
        context = {"include": [["html"]], "exclude": NOT_OURS}
        self.page.wait_for_load_state()  # a page on its way has no language and no title yet
        found = Axe().run(self.page, context=context, options=options).response["violations"]
        told = [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found]
        assert told == [], (self.page.url, told)

    def close(self):
        self._context.close()

    def _listen(self, message):
        # A refused form answers 422, which the browser reports as an error of its own.
        if message.type == "error" and not re.search(r"status of 4\d\d", message.text):
            self.troubles.append(message.text)

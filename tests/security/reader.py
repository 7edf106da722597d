"""Somebody who opens pages in a browser, and touches what only shows itself then."""

from collections import Counter
from urllib.parse import urlsplit

import httpx
import lxml.html
from playwright.sync_api import Error

from tests.security.probes import PROBES, Window
from tests.security.writer import fields_of, links, template

MOST_PAGES = 30  # of one person who follows links
MOST_ELEMENTS = 8  # of a drawing
READY = """() => [...document.querySelectorAll('[data-island]')].every(
  island => 'ready' in island.dataset || island.querySelector('.diagram-problem'))"""


class Reader(Window):
    def __init__(self, browser, url):
        super().__init__(browser, url)
        self.opened = Counter()
        self.fields = set()
        self.chosen = 0  # elements in an editor

    def walk(self):
        waiting = ["/", "/inbox?queue=all", "/incidents?show=all"]
        while waiting and self.opened.total() < MOST_PAGES:
            path = waiting.pop(0)
            kind = template(path)
            if self.opened[kind] < 2:
                self.opened[kind] += 1
                waiting += self.look(path)

    def look(self, path):
        """Open a page; the addresses to which it leads."""
        try:
            self.page.goto(path, wait_until="load")
        except Error as error:
            if "Download is starting" in str(error):
                return []
            raise
        self._touch()
        self.look_around(path)
        page = lxml.html.fromstring(self.page.content())
        self.fields |= set(fields_of(page, self.page.url))
        return [*links(page, self.page.url), *self._searches()]

    def _touch(self):
        """Have the diagram drawn, and each element of an editor told of."""
        if self.page.locator("[data-island]").count() == 0:
            return
        self.page.wait_for_function(READY)
        self.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        if self.page.locator("[data-island=modeler]").count():
            self._choose_elements()

    def _choose_elements(self):
        hits = self.page.locator("[data-element-id] > .djs-hit").all()
        for hit in hits[:MOST_ELEMENTS]:
            hit.dispatch_event("click")
            self.chosen += 1
            groups = ".bio-properties-panel-group-header"
            self.page.eval_on_selector_all(groups, "found => found.forEach(one => one.click())")
            self.look_around(self.page.url)

    def _searches(self):
        """Where the forms that only ask lead to, with probes in them."""
        fields = self.page.eval_on_selector_all(
            "form[method=get] input:not([type=date]):not([type=hidden])",
            "found => found.map(field => [field.form.action, field.name])",
        )
        for action, name in fields:
            for probe in PROBES[:3]:
                found = httpx.URL(action).copy_with(query=None).copy_merge_params({name: probe})
                yield urlsplit(str(found))._replace(scheme="", netloc="").geturl()

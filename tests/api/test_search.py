"""The search over HTTP: as JSON with pages, on the page of incidents; counts of long queues."""

import html
import re

import pytest

from api.web import words
from api.web.incidents import PAGE
from tests.diagrams import bundle, line, one_task, service_task
from tests.factories import client, deploy, report

INCIDENTS = "/api/v1/incidents"


@pytest.fixture
def dora(database, cast):
    """Her client: API tokens open pages as well."""
    deploy(database, one_task())
    return client(database, cast.token("dora"))


def numbers(answer):
    return [incident["number"] for incident in answer.get_json()["items"]]


def test_the_api_searches_page_by_page(database, cast, dora):
    report(database, cast.rob, title="Mail is down")
    expected = [report(database, cast.rob, title=f"Printer {n}").number for n in range(3)][::-1]

    first = dora.get(INCIDENTS, query_string={"q": "printer", "limit": 2})
    cursor = first.get_json()["next_cursor"]
    second = dora.get(INCIDENTS, query_string={"q": "printer", "limit": 2, "cursor": cursor})

    assert numbers(first) + numbers(second) == expected
    assert second.get_json()["next_cursor"] is None


def test_the_api_narrows_a_search(database, cast, dora):
    found = report(database, cast.rob, title="Printer")

    for narrowed in ({"open": "true"}, {"status": "new"}, {"status": "closed"}):
        answer = dora.get(INCIDENTS, query_string={"q": "printer", **narrowed})

        assert numbers(answer) == ([] if "closed" in narrowed.values() else [found.number])


def test_the_api_refuses_a_search_that_is_too_long(dora):
    answer = dora.get(INCIDENTS, query_string={"q": "x" * 201})

    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "query/q"


def test_the_document_of_the_api_says_what_a_search_finds(dora):
    operation = dora.get("/api/docs/openapi.json").get_json()["paths"][INCIDENTS]["get"]

    (said,) = (p["description"] for p in operation["parameters"] if p["name"] == "q")

    assert "INC-2026-0001" in said
    assert "are not found" in said


def test_the_page_searches_among_all_and_narrows_to_open_ones(database, cast, dora):
    open_one = report(database, cast.rob, title="Printer").number
    deploy(database, bundle(*line(service_task("Cancel", "incident.cancel", reason="null"))))
    closed_one = report(database, cast.rob, title="Printer").number

    everywhere = dora.get("/incidents?q=printer").text
    among_open = dora.get("/incidents?q=printer&show=open").text

    assert shown(everywhere) == {open_one, closed_one}
    assert shown(among_open) == {open_one}
    assert 'value="printer"' in everywhere
    assert 'href="/incidents?show=open&amp;q=printer"' in everywhere


def test_a_long_result_goes_on_behind_more(database, cast, dora):
    expected = {report(database, cast.rob, title="Printer").number for _ in range(PAGE + 1)}

    first = dora.get("/incidents?q=printer").text
    more = re.search(r'href="([^"]+)">More<', first)
    second = dora.get(html.unescape(more[1])).text

    assert shown(first) | shown(second) == expected
    assert len(shown(second)) == 1


@pytest.mark.parametrize("text", ["xylophone", "<script>alert(1)</script>", '"><b>', "%00"])
def test_a_search_that_finds_nothing_says_so_and_shows_the_text_as_text(dora, text):
    page = dora.get("/incidents", query_string={"q": text}).text

    assert "No incident has “" in page
    assert html.escape(text) in page.replace("&#34;", "&quot;")
    assert "<script>alert" not in page


@pytest.mark.parametrize(("number", "said"), [(0, "0"), (999, "999"), (1000, "999+")])
def test_a_queue_of_very_many_is_not_counted_to_its_end(number, said):
    assert words.counted(number) == said


def shown(page):
    return set(re.findall(r'href="/incidents/(INC-[\d-]+)"', page))

"""The search for incidents: what it finds, and what it does not."""

from datetime import timedelta

import pytest

from engine import clock, incidents
from engine.store import words
from engine.store.tables import Incident, IncidentWord
from tests.diagrams import bundle, line, one_task, service_task
from tests.factories import deploy, report

TITLE = "Label printer in warehouse 007 prints ½-blank labels"
SERVICE = "Lagerdrucker (Größe Zürich), db_main"


@pytest.fixture
def printer(database, cast):
    deploy(database, one_task())
    return report(database, cast.rob, title=TITLE, service=SERVICE)


def found(database, actor, text, **narrowed):
    """Numbers of what is found, in order."""
    with database.reading() as session:
        return [i.number for i in incidents.find(session, actor, text=text, **narrowed)]


@pytest.mark.parametrize(
    "text",
    [
        *("printer", "PRINTER", "print", "p", "printer label", "label printer blank warehouse"),
        *("zürich", "Zurich", "ZU\u0308RICH", "grosse", "GRÖSSE", "lagerdr", "main", "db", "db_m"),
        *(
            "7",
            "007",
            "  printer  ",
            "“printer”",
            "printer, label!",
            "lagerdrucker printer",
            "",
            " ",
        ),
    ],
)
def test_it_finds_words_of_title_and_service_and_their_beginnings(database, cast, printer, text):
    report(database, cast.rob, title="Mail is down", service="Mail")

    assert printer.number in found(database, cast.dora, text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "rinter",
            "printers",
            "printer mail",
            "mail",
            "00",
            "70",
            "%",
            "_",
            "!",
            "db main x",
        ),
        *("' OR 1=1 --", "\x00", "x" * 200, "INC", "INC-1999", "INC-2026-9", "INC-20266", "ⅶ"),
    ],
)
def test_it_does_not_find_what_lies_inside_a_word_or_is_not_there(database, cast, printer, text):
    assert found(database, cast.dora, text) == []


def test_it_finds_a_number_whole_or_by_its_beginning_or_without_its_year(database, cast, printer):
    other = report(database, cast.rob)
    year, serial = printer.number.split("-")[1:]

    assert found(database, cast.dora, printer.number.lower()) == [printer.number]
    assert found(database, cast.dora, serial) == [printer.number]
    assert found(database, cast.dora, serial.lstrip("0")) == [printer.number]
    for beginning in ("INC-", f"inc-{year[:2]}", f"INC-{year}", f"INC-{year}-", f"INC-{year}-0000"):
        assert found(database, cast.dora, beginning) == [other.number, printer.number]


def test_it_shows_the_newest_first_page_by_page(database, cast, printer):
    expected = [report(database, cast.rob, title=f"Printer {n}").number for n in range(5)][::-1]

    seen, before = [], None
    while page := found(database, cast.dora, "printer", before=before, limit=2):
        seen += page
        before = page[-1]

    assert seen == [*expected, printer.number]


def test_it_shows_a_reporter_only_what_is_theirs(database, cast, printer):
    report(database, cast.dora, title="Printer on fire")

    assert found(database, cast.rob, "printer") == [printer.number]
    assert len(found(database, cast.aude, "printer")) == 2


def test_it_narrows_to_what_is_open(database, cast, printer):
    deploy(database, bundle(*line(service_task("Cancel", "incident.cancel", reason="null"))))
    gone = report(database, cast.rob, title="Printer is back")

    assert found(database, cast.dora, "printer") == [gone.number, printer.number]
    assert found(database, cast.dora, "printer", only_open=True) == [printer.number]


def test_it_finds_an_incident_by_its_corrected_words_and_no_more_by_the_old(
    database, cast, printer
):
    with database.transaction() as session:
        new = {"title": "Scanner broken"}
        incidents.correct(session, printer.id, new, printer.version, cast.dora)

    assert found(database, cast.dora, "printer") == []
    assert found(database, cast.dora, "scanner zurich") == [printer.number]


def test_of_many_words_the_first_eight_count(database, cast, printer):
    there = "label printer in warehouse 7 prints blank labels"

    assert found(database, cast.dora, f"{there} nowhere") == [printer.number]
    assert found(database, cast.dora, f"nowhere {there}") == []


def test_a_long_word_is_found_whole_and_by_its_beginning(database, cast, printer):
    long = "x" * (words.LONGEST + 10)
    incident = report(database, cast.rob, title=long)

    assert found(database, cast.dora, long) == [incident.number]
    assert found(database, cast.dora, "xxx") == [incident.number]


def test_what_an_older_process_has_reported_is_found_after_catching_up(database, cast, printer):
    with database.transaction() as session:
        session.query(IncidentWord).delete()

    with database.transaction() as session:
        caught_up = words.catch_up(session)

    assert caught_up == 1
    assert found(database, cast.dora, "printer") == [printer.number]
    with database.transaction() as session:
        assert words.catch_up(session) == 0


def test_a_common_word_and_a_rare_one_are_found_alike(database, cast, printer):
    """From ``COMMON`` on, the newest incidents are looked through instead."""
    with database.transaction() as session:
        session.add_all(_many(session.get_one(Incident, printer.id), words.COMMON))
        session.flush()
        words.catch_up(session)

    assert len(found(database, cast.dora, "host", limit=200)) == 200
    assert found(database, cast.dora, "host srv0042") == found(database, cast.dora, "srv0042")
    assert len(found(database, cast.dora, "host srv0042")) == 1
    assert found(database, cast.dora, "host printer") == []


def _many(original, count):
    columns = {c.name: getattr(original, c.name) for c in original.__table__.columns}
    for serial in range(1_000, 1_000 + count):
        name = {"id": f"copy-{serial}", "number": f"{original.number[:9]}{serial:06d}"}
        moment = {"created_at": clock.now() + timedelta(seconds=serial)}
        told = {"title": f"On host srv{serial - 1_000:04d}", "service": "Hosting"}
        yield Incident(**columns | name | moment | told)

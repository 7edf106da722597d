"""Files of incidents: what is taken, who sees it, and what is left of it."""

from threading import Thread

import pytest
from sqlalchemy import select

from engine import attachments, clock, incidents, tasks
from engine.actors import Actor
from engine.attachments import MEGABYTE, Rules, Upload
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound, TooLarge
from engine.history import Event
from engine.store.tables import Attachment, AttachmentContent, Incident
from tests.diagrams import bundle, line, user_task
from tests.factories import complete, deploy, entries, open_tasks, report
from tests.files import png

NOTES = Upload("notes.txt", "text/plain", b"Nothing works.\n")


@pytest.fixture
def incident(database, cast):
    deploy(database, bundle(*line(user_task("Look"), user_task("Check"))))
    return report(database, cast.rob)


def add(database, incident, actor, upload=NOTES, *, is_public=False, task_id=None):
    with database.transaction() as session:
        found = incidents.get(session, incident.id, actor)
        return attachments.add(session, found, upload, actor, is_public=is_public, task_id=task_id)


def withdraw(database, incident, attachment, actor, reason="It holds a password."):
    with database.transaction() as session:
        found = incidents.get(session, incident.id, actor)
        return attachments.withdraw(session, found, attachment.id, reason, actor)


def contents(database):
    with database.reading() as session:
        return list(session.scalars(select(AttachmentContent.content)))


def fill(database, incident, count, size):
    """As many files as if they had been added before."""
    with database.transaction() as session:
        for number in range(count):
            session.add(
                Attachment(
                    id=f"file {number}",
                    incident_id=incident.id,
                    name="a",
                    media_type="text/plain",
                    size=size,
                    sha256="0" * 64,
                    is_public=False,
                    added_by="Dora",
                    added_at=clock.now(),
                )
            )


def test_the_history_says_who_added_and_withdrew_which_file(database, cast, incident):
    added = add(database, incident, cast.dora, is_public=True)
    withdraw(database, incident, added, cast.max)

    first, second = (
        *entries(database, incident.id, Event.ATTACHMENT_ADDED),
        *entries(database, incident.id, Event.ATTACHMENT_WITHDRAWN),
    )
    assert (first.actor_name, second.actor_name) == ("Dora Desk", "Max Manager")
    assert first.detail == {
        "attachment_id": added.id,
        "name": "notes.txt",
        "media_type": "text/plain",
        "size": 15,
        "sha256": NOTES.sha256,
        "is_public": True,
    }
    assert second.detail["reason"] == "It holds a password."


def test_equal_files_share_their_bytes_until_the_last_of_them_is_withdrawn(
    database, cast, incident
):
    one, two = add(database, incident, cast.dora), add(database, incident, cast.tess)
    assert contents(database) == [NOTES.content]

    withdraw(database, incident, one, cast.dora)
    assert contents(database) == [NOTES.content]

    withdraw(database, incident, two, cast.tess)
    assert contents(database) == []
    with pytest.raises(NotFound):
        withdraw(database, incident, two, cast.tess)


def test_an_equal_file_that_comes_while_the_last_one_goes_keeps_its_bytes(database, cast, incident):
    other = report(database, cast.rob)
    kept = add(database, incident, cast.dora)
    for _ in range(5):
        threads = [
            Thread(target=withdraw, args=(database, incident, kept, cast.dora)),
            Thread(target=add, args=(database, other, cast.dora)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert contents(database) == [NOTES.content]
        with database.reading() as session:
            (left,) = attachments.find(session, other, cast.dora)
        incident, other, kept = other, incident, left


@pytest.mark.parametrize(
    ("reason", "said"),
    [("", "Say why"), ("  ", "Say why"), ("x" * 501, "at most 500"), ("a\0b", "control char")],
)
def test_a_file_is_withdrawn_for_a_reason(database, cast, incident, reason, said):
    added = add(database, incident, cast.dora)

    with pytest.raises(InvalidAnswers) as refused:
        withdraw(database, incident, added, cast.dora, reason)

    assert said in refused.value.errors["reason"]
    assert contents(database) == [NOTES.content]


def test_only_who_added_a_file_or_a_manager_withdraws_it(database, cast, incident):
    added = add(database, incident, cast.dora)

    for actor in (cast.tess, cast.ada, cast.rob):
        with pytest.raises(NotAllowed, match="who added it, or an incident manager"):
            withdraw(database, incident, added, actor)


def test_an_incident_has_fifty_files_at_most(database, cast, incident):
    fill(database, incident, attachments.MOST_FILES - 1, 1)
    add(database, incident, cast.dora)

    with pytest.raises(Conflict, match="has 50 files already"):
        add(database, incident, cast.dora)


def test_an_incident_has_two_hundred_megabytes_at_most(database, cast, incident):
    fill(database, incident, 20, 10 * MEGABYTE)

    with pytest.raises(Conflict, match="more than 200 MB together"):
        add(database, incident, cast.dora)


def test_what_is_closed_or_done_takes_no_files(database, cast, incident):
    task = open_tasks(database, incident, cast.dora)["Look"]
    complete(database, incident, "Look", cast.dora, note="Fine.")
    with pytest.raises(Conflict, match="done already"):
        add(database, incident, cast.dora, task_id=task.id)
    with database.transaction() as session:
        session.get_one(Incident, incident.id).closed_at = clock.now()

    with pytest.raises(Conflict, match="takes no more files"):
        add(database, incident, cast.dora)


def test_who_may_only_look_adds_no_file(database, cast, incident):
    for actor in (cast.aude, cast.olga):
        with pytest.raises(NotAllowed, match="You may not add a file to this incident"):
            add(database, incident, actor)
    assert add(database, incident, cast.rob).added_by == "Rob Reporter"


def test_a_file_of_a_task_is_added_by_who_may_work_on_it(database, cast, incident):
    task = open_tasks(database, incident, cast.dora)["Look"]

    with pytest.raises(NotFound):
        add(database, incident, cast.tess, task_id=task.id)
    assert add(database, incident, cast.dora, task_id=task.id).task_id == task.id


def test_a_partner_sees_no_file_but_those_of_the_task(database, cast, incident):
    task = open_tasks(database, incident, cast.dora)["Look"]
    add(database, incident, cast.dora, is_public=True)
    add(database, incident, cast.dora, task_id=task.id)
    partner = Actor(None, "Paul", only_task=task.id, on_behalf_of=cast.dora.id)

    with database.transaction() as session:
        found = tasks.get(session, task.id, partner).incident
        added = attachments.add(session, found, NOTES, partner, is_public=False, task_id=task.id)
        seen = attachments.find(session, found, partner)
        with pytest.raises(NotAllowed):
            attachments.withdraw(session, found, added.id, "Why not?", partner)

    assert [file.task_id for file in seen] == [task.id, task.id]
    assert not added.is_public
    with pytest.raises(NotAllowed), database.reading() as session:
        attachments.require_room(incident, Actor(None, "Paul", only_task="another"), task)


NAMES = [
    "notes.txt",
    "Grüße.txt",
    "a b (1).txt",
    "日本語.txt",
    "a'b.txt",
    "  trimmed.txt ",
    "x.log.1",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_kept_as_a_label(name):
    assert attachments.check(name, b"Notes", Rules()).name == name.strip()


def test_a_name_is_kept_in_one_spelling():
    assert attachments.check("Gru\N{COMBINING DIAERESIS}n.txt", b"a", Rules()).name == "Grün.txt"


def test_a_file_is_as_large_as_the_installation_says():
    rules = Rules(longest=MEGABYTE)

    assert attachments.check("a.txt", b"a" * MEGABYTE, rules).media_type == "text/plain"
    with pytest.raises(TooLarge) as refused:
        attachments.check("a.txt", b"a" * (MEGABYTE + 1), rules)
    assert "at most 1 MB" in refused.value.errors["file"]


def test_what_a_file_is_says_the_field(database):
    with pytest.raises(InvalidAnswers) as refused:
        attachments.check("page.png", b"<html>", Rules())

    assert "web page" in refused.value.errors["file"]
    assert attachments.check("a.png", png(), Rules()).media_type == "image/png"

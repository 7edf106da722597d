"""The library: versions that never change, drafts of the next one, instances pinned to theirs."""

import hashlib

import pytest

from engine import bundles, incidents, library
from engine.actors import SYSTEM
from engine.errors import Conflict, NotAllowed, NotFound, Refused, StaleVersion
from engine.history import Event
from engine.store.tables import Deployment
from tests.diagrams import bundle, flow, line, one_task, process, start, user_task
from tests.factories import SHIPPED, complete, deploy, dump, entries, open_tasks, report

PATH = "processes/small/small.bpmn"
TWO_TASKS = bundle(*line(user_task("Look"), user_task("Check")))


DRAFT = process(*line(user_task("Look"), user_task("Check")))
UNFINISHED = process(start(), user_task("Look"), flow("Reported", "Look"))


@pytest.fixture
def deployed(database, cast):
    return deploy(database, one_task())


def save(database, actor, content=DRAFT, version=0, path=PATH):
    with database.transaction() as session:
        return library.save_draft(session, "small", path, content, version, actor).version


def deploy_draft(database, actor):
    with database.transaction() as session:
        return library.deploy_draft(session, "small", "Second look", actor)


def draft_of(database, actor):
    with database.reading() as session:
        return library.read_draft(session, "small", PATH, actor)


def test_versions_are_numbered_and_hashed(database, cast, deployed):
    second = deploy(database, TWO_TASKS)

    assert [deployed.version, second.version] == [1, 2]
    assert deployed.sha256 != second.sha256
    assert second.sha256 == bundles.digest(TWO_TASKS)


def test_the_hash_is_of_the_canonical_list_of_files():
    one, two = (hashlib.sha256(content).hexdigest() for content in (b"1", b"2"))
    listing = f'{{"a":"{one}","b":"{two}"}}'

    digest = bundles.digest({"b": b"2", "a": b"1"})

    assert digest == hashlib.sha256(listing.encode()).hexdigest()


def test_the_same_content_is_the_same_version(database, cast, deployed):
    before = dump(database)

    again = deploy(database, dict(reversed(one_task().items())))

    assert again.id == deployed.id
    assert dump(database) == before


def test_going_back_to_older_content_is_a_new_version(database, cast, deployed):
    deploy(database, TWO_TASKS)

    assert deploy(database, one_task()).version == 3


def test_a_version_keeps_its_files_byte_for_byte(database, cast, deployed):
    deploy(database, TWO_TASKS)

    with database.reading() as session:
        assert bundles.files_of(session, deployed.id) == one_task()


def test_an_incident_keeps_the_version_with_which_it_began(database, cast, deployed):
    old = report(database, cast.dora)
    deploy(database, TWO_TASKS)
    new = report(database, cast.dora)

    for incident in (old, new):
        complete(database, incident, "Look", cast.dora, note="Seen.")

    assert open_tasks(database, old, cast.dora) == {}
    assert list(open_tasks(database, new, cast.dora)) == ["Check"]
    with database.reading() as session:
        versions = [incidents.standing(session, i).definition.version for i in (old, new)]
    assert versions == [1, 2]


def test_a_deployment_is_told_with_its_hash_and_who_made_it(database, cast):
    with database.transaction() as session:
        made = library.deploy(session, one_task(), "First", cast.olga)

    (told,) = entries(database, "bundle:small", Event.BUNDLE_DEPLOYED)
    assert (told.actor_id, made.deployed_by) == (cast.olga.id, "Olga Owner")
    assert told.detail == {"version": 1, "sha256": made.sha256, "note": "First"}


def test_a_bundle_with_findings_is_refused_with_all_of_them(database, cast, deployed):
    before = dump(database)
    broken = bundle(*line(user_task("A", form="nowhere"), user_task("B", form="nowhere")))

    with pytest.raises(Refused) as refusal, database.transaction() as session:
        library.deploy(session, broken, "", cast.olga)

    assert [finding.element_id for finding in refusal.value.findings] == ["A", "B"]
    assert dump(database) == before


@pytest.mark.parametrize("username", ["dora", "max", "aude", "rob", "ada"])
def test_only_a_process_owner_edits_and_deploys(username, database, cast, deployed):
    save(database, cast.olga)
    before, actor = dump(database), getattr(cast, username)
    moves = [
        lambda session: library.deploy(session, TWO_TASKS, "", actor),
        lambda session: library.save_draft(session, "small", PATH, DRAFT, 1, actor),
        lambda session: library.deploy_draft(session, "small", "", actor),
        lambda session: library.discard_draft(session, "small", actor),
        lambda session: library.read_draft(session, "small", PATH, actor),
    ]

    for move in moves:
        with pytest.raises(NotAllowed), database.transaction() as session:
            move(session)

    assert dump(database) == before


def test_a_process_belongs_to_the_bundle_that_brought_it(database, cast, deployed):
    files = one_task()
    manifest = files["processes/small/bundle.toml"].replace(b'id = "small"', b'id = "other"')

    with pytest.raises(Conflict, match="Another bundle has a process “small”"):
        deploy(database, {**files, "processes/small/bundle.toml": manifest})


def test_a_draft_is_the_newest_version_with_its_changes_on_top(database, cast, deployed):
    before = draft_of(database, cast.olga)

    version = save(database, cast.olga)

    assert before == (one_task()[PATH], 0)
    assert draft_of(database, cast.olga) == (DRAFT, version)


def test_a_draft_changes_nothing_for_incidents_until_it_is_deployed(database, cast, deployed):
    save(database, cast.olga)
    report(database, cast.dora)

    made = deploy_draft(database, cast.olga)

    assert made.version == 2
    assert draft_of(database, cast.olga) == (DRAFT, 0)
    incident = report(database, cast.dora)
    complete(database, incident, "Look", cast.dora, note="Seen.")
    assert list(open_tasks(database, incident, cast.dora)) == ["Check"]


@pytest.mark.parametrize("stale", [0, 1, 3])
def test_a_save_over_a_version_that_one_has_not_seen_is_refused(stale, database, cast, deployed):
    save(database, cast.olga, version=save(database, cast.olga))
    before = dump(database)

    with pytest.raises(StaleVersion, match="Somebody else saved this draft"):
        save(database, cast.olga, UNFINISHED, version=stale)

    assert dump(database) == before


def test_every_save_is_a_version_of_the_draft(database, cast, deployed):
    versions = [save(database, cast.olga)]
    versions.append(save(database, cast.olga, UNFINISHED, versions[-1]))
    versions.append(save(database, cast.olga, DRAFT, versions[-1]))

    assert versions == [1, 2, 3]
    assert len(entries(database, "bundle:small", Event.DRAFT_SAVED)) == 3


def test_an_unfinished_draft_is_kept_and_its_deployment_refused(database, cast, deployed):
    save(database, cast.olga, UNFINISHED)
    before = dump(database)

    with pytest.raises(Refused):
        deploy_draft(database, cast.olga)

    assert dump(database) == before
    assert draft_of(database, cast.olga) == (UNFINISHED, 1)


@pytest.mark.parametrize(
    "content", [b"", b"no XML", b"<html/>", b"<!DOCTYPE a><a/>", DRAFT + b"<more/>"]
)
def test_a_file_that_cannot_be_read_is_no_draft(content, database, cast, deployed):
    before = dump(database)

    with pytest.raises(Refused) as refusal:
        save(database, cast.olga, content)

    assert [finding.rule for finding in refusal.value.findings] == ["file-invalid"]
    assert dump(database) == before


def test_a_draft_has_only_files_of_its_bundle(database, cast, deployed):
    with pytest.raises(NotFound):
        save(database, cast.olga, path="processes/small/other.bpmn")


def test_a_draft_that_another_deployment_overtook_is_kept_and_not_deployed(
    database, cast, deployed
):
    save(database, cast.olga)
    deploy(database, bundle(*line(user_task("Other"))))
    before = dump(database)

    with pytest.raises(Conflict, match="Another version was deployed"):
        deploy_draft(database, cast.olga)

    assert dump(database) == before


def test_a_discarded_draft_is_gone_and_that_is_told(database, cast, deployed):
    save(database, cast.olga)

    with database.transaction() as session:
        library.discard_draft(session, "small", cast.olga)

    assert draft_of(database, cast.olga) == (one_task()[PATH], 0)
    assert entries(database, "bundle:small", Event.DRAFT_DISCARDED)
    with pytest.raises(Conflict, match="There is no draft to deploy"):
        deploy_draft(database, cast.olga)


def test_checking_a_draft_keeps_nothing(database, cast, deployed):
    before = dump(database)

    with database.reading() as session:
        found = library.check_draft(session, "small", {PATH: UNFINISHED}, cast.olga)

    assert {finding.rule for finding in found} == {"end-missing", "dead-end"}
    assert dump(database) == before


def test_the_library_shows_each_process_in_its_newest_version(database, cast, deployed):
    deploy(database, TWO_TASKS)
    report(database, cast.dora)
    incident = report(database, cast.dora)
    complete(database, incident, "Look", cast.dora, note="Seen.")
    save(database, cast.olga)

    with database.reading() as session:
        (shelf,) = library.shelves(session, cast.aude)

    assert (shelf.definition.version, shelf.deployment.version) == (2, 2)
    assert (shelf.open_incidents, shelf.has_draft) == (2, True)


def test_versions_are_listed_newest_first_and_found_by_number(database, cast, deployed):
    deploy(database, TWO_TASKS)

    with database.reading() as session:
        assert [v.version for v in library.versions(session, "small", cast.aude)] == [2, 1]
        assert library.get_version(session, "small", 1, cast.aude).deployment_id == deployed.id
        with pytest.raises(NotFound, match="has no version 3"):
            library.get_version(session, "small", 3, cast.aude)
        with pytest.raises(NotFound, match="There is no process"):
            library.versions(session, "large", cast.aude)


def test_each_shipped_bundle_is_deployed_once(database, cast):
    for _ in range(2):
        with database.transaction() as session:
            library.load_shipped(session)

    with database.reading() as session:
        kept = {row.bundle_id: row for row in session.query(Deployment).order_by("version")}
    assert sorted(kept) == ["duties", "itsm"]
    assert {(row.version, row.deployed_by) for row in kept.values()} == {(1, SYSTEM.name)}
    assert kept["itsm"].sha256 == bundles.digest(library.read_directory(SHIPPED))


def test_a_folder_without_a_bundle_is_not_found(tmp_path):
    (tmp_path / "processes" / "empty").mkdir(parents=True)

    with pytest.raises(NotFound, match="There is no bundle"):
        library.read_directory(tmp_path / "processes" / "empty")

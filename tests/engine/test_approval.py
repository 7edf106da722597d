"""A bundle whose drafts are deployed by somebody else than who edited them."""

import pytest

from engine import library
from engine.actors import Role
from engine.errors import NotAllowed
from engine.history import Event
from tests.diagrams import bundle, line, process, user_task
from tests.factories import add_person, client, deploy, dump, entries

DIAGRAM, MANIFEST = "processes/small/small.bpmn", "processes/small/bundle.toml"
DRAFT = process(*line(user_task("Look"), user_task("Check")))
OWN = "You edited this draft. Ask another process owner to look at it and deploy it."


def asking(switch="true"):
    """The smallest bundle that asks for two."""
    files = bundle(*line(user_task("Look")))
    files[MANIFEST] = f"deployed_by_another = {switch}\n".encode() + files[MANIFEST]
    return files


@pytest.fixture
def otto(database):
    """Another process owner than Olga."""
    return add_person(database, "otto", Role.PROCESS_OWNER)


def save(database, actor, path=DIAGRAM, content=DRAFT):
    with database.transaction() as session:
        _, version = library.read_draft(session, "small", path, actor)
        library.save_draft(session, "small", path, content, version, actor)


def deploy_draft(database, actor):
    with database.transaction() as session:
        return library.deploy_draft(session, "small", "Looked at", actor).version


def test_who_edited_a_draft_does_not_deploy_it_and_another_owner_does(database, cast, otto):
    deploy(database, asking())
    save(database, cast.olga)
    before = dump(database)

    with pytest.raises(NotAllowed, match="You edited this draft"):
        deploy_draft(database, cast.olga)

    assert dump(database) == before
    assert deploy_draft(database, otto) == 2
    made = entries(database, "bundle:small")
    assert [(entry.event, entry.actor_name) for entry in made[-2:]] == [
        (Event.DRAFT_SAVED, "Olga Owner"),
        (Event.BUNDLE_DEPLOYED, "Otto"),
    ]


def test_whoever_saved_anything_is_an_author(database, cast, otto):
    deploy(database, asking())
    save(database, cast.olga)
    save(database, otto, content=DRAFT + b"\n")

    for author in (cast.olga, otto):
        with pytest.raises(NotAllowed):
            deploy_draft(database, author)


def test_a_draft_that_was_given_up_or_deployed_makes_nobody_an_author_of_the_next(
    database, cast, otto
):
    deploy(database, asking())
    save(database, cast.olga)
    with database.transaction() as session:
        library.discard_draft(session, "small", cast.olga)
    save(database, otto)
    assert deploy_draft(database, cast.olga) == 2

    save(database, cast.olga, content=DRAFT + b"\n")

    assert deploy_draft(database, otto) == 3


def test_no_draft_frees_itself(database, cast, otto):
    deploy(database, asking())
    save(database, cast.olga, MANIFEST, bundle(*line(user_task("Look")))[MANIFEST])

    with pytest.raises(NotAllowed):
        deploy_draft(database, cast.olga)

    assert deploy_draft(database, otto) == 2
    save(database, cast.olga)
    assert deploy_draft(database, cast.olga) == 3


def test_files_that_come_whole_are_refused_unless_they_change_nothing(database, cast):
    deploy(database, asking())
    changed = {**asking(), DIAGRAM: DRAFT}

    with pytest.raises(NotAllowed, match="as its draft"), database.transaction() as session:
        library.deploy(session, changed, "", cast.olga)

    with database.transaction() as session:
        assert library.deploy(session, asking(), "", cast.olga).version == 1


def test_a_switch_that_is_none_is_refused_by_name(cast):
    findings = library.check(asking('"yes"'))

    assert [(f.path, f.message) for f in findings if f.rule == "file-invalid"] == [
        (MANIFEST, "deployed_by_another is true or false.")
    ]


def test_the_page_says_why_and_offers_the_button_to_the_other(database, cast, otto):
    deploy(database, asking())
    save(database, cast.olga)
    cast.otto = otto

    pages = {
        username: client(database, cast.token(username)).get("/processes/small/draft").text
        for username in ("olga", "otto")
    }

    assert [OWN in page for page in pages.values()] == [True, False]
    assert ["Deploy version 2" in page for page in pages.values()] == [False, True]


def test_the_api_says_why_as_a_problem(database, cast):
    deploy(database, asking())
    save(database, cast.olga)
    http = client(database, cast.token("olga"))

    refused = http.post("/api/v1/bundles/small/draft", json={"note": "Mine"})

    assert refused.status_code == 403
    assert refused.json["detail"] == OWN

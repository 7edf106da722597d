"""Who may change what about people and organisations, and what always stays true."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from types import SimpleNamespace

import pytest

from engine.actors import EVERYWHERE, SYSTEM, Actor, Role, of_organisation
from engine.errors import Conflict, InvalidAnswers, NotAllowed, NotFound, StaleVersion
from engine.history import Event
from engine.people import accounts, administration, credentials, organisations, passwords
from engine.people.administration import Newcomer
from engine.people.credentials import CredentialKind, Scope
from engine.people.tokens import Terms
from engine.store.tables import Person
from tests.factories import dump, entries

TERMS = Terms("Export", Scope.READ, 30)
CUSTOMER, CUSTOMER_ADMINISTRATOR = Role.CUSTOMER, Role.CUSTOMER_ADMINISTRATOR


def does(database, act, *what, **more):
    with database.transaction() as session:
        return act(session, *what, **more)


def looks(database, act, *what, **more):
    with database.reading() as session:
        return act(session, *what, **more)


def account(database, actor, by):
    return looks(database, administration.get, actor.id, by)


@pytest.fixture
def dealers(database, cast):
    """Two dealers, North and South, each with an administrator and somebody who reports."""
    found = SimpleNamespace()
    for name in ("north", "south"):
        organisation = does(database, organisations.add, name.title(), cast.ada)
        bound = of_organisation(organisation.id)
        setattr(found, name, organisation)
        setattr(found, f"{name}_bound", bound)
        for who, role in (("boss", CUSTOMER_ADMINISTRATOR), ("clerk", CUSTOMER)):
            username = f"{name}-{who}"
            person = does(database, accounts.add, username, username, [(role, bound)], SYSTEM)
            actor = Actor(person.id, username, frozenset({(role, bound)}))
            setattr(found, f"{name}_{who}", actor)
    return found


def newcomer(organisation_id=None, *grants, username="nina"):
    return Newcomer(username, "Nina New", organisation_id, grants)


# ---- what an administrator does, and how it is told


def test_an_administrator_adds_somebody_and_invites_them(database, cast):
    grants = ((Role.RESPONDER, "Service Desk"), (Role.REPORTER, EVERYWHERE))

    added = does(database, administration.add, newcomer(None, *grants), cast.ada)
    link = does(database, administration.invite, added.person.id, cast.ada)

    actor = does(database, credentials.use_link, link)
    assert (actor.name, actor.grants) == ("Nina New", frozenset(grants))
    (entry,) = entries(database, actor.id, Event.PERSON_ADDED)
    assert entry.changes["grants"] == [None, ["reporter", "responder in Service Desk"]]


def test_a_change_of_roles_is_told_once_with_the_old_and_the_new(database, cast):
    granted = [(Role.RESPONDER, "Technical Team"), (Role.AUDITOR, EVERYWHERE)]

    for _ in range(2):
        does(database, administration.set_grants, cast.dora.id, granted, cast.ada)

    (entry,) = entries(database, cast.dora.id, Event.GRANTS_CHANGED)
    assert entry.actor_name == "Ada Admin"
    assert entry.changes["grants"] == [
        ["responder in Service Desk"],
        ["auditor", "responder in Technical Team"],
    ]


def test_one_role_is_given_and_taken_away(database, cast):
    added = (Role.AUDITOR, EVERYWHERE)
    version = account(database, cast.dora, cast.ada).version

    given = does(database, administration.grant, cast.dora.id, added, cast.ada, version)
    taken = does(database, administration.take_away, cast.dora.id, added, cast.ada, given.version)

    assert set(given.grants) == {added, (Role.RESPONDER, "Service Desk")}
    assert (taken.grants, taken.version) == (((Role.RESPONDER, "Service Desk"),), version)


def test_who_has_seen_other_roles_changes_nothing(database, cast):
    seen = account(database, cast.dora, cast.ada).version
    does(database, administration.set_grants, cast.dora.id, [], cast.ada, seen)
    before = dump(database)

    with pytest.raises(StaleVersion):
        does(
            database,
            administration.set_grants,
            cast.dora.id,
            [(Role.AUDITOR, EVERYWHERE)],
            cast.ada,
            seen,
        )

    assert dump(database) == before


def test_a_new_name_and_organisation_are_told(database, cast, dealers):
    does(database, administration.change, cast.rob.id, "Robert", dealers.north.id, cast.ada)
    does(database, administration.change, cast.rob.id, "Robert", dealers.north.id, cast.ada)

    (entry,) = entries(database, cast.rob.id, Event.PERSON_CHANGED)
    assert entry.changes == {"name": ["Rob Reporter", "Robert"], "organisation": [None, "North"]}
    assert account(database, cast.rob, dealers.north_boss).person.name == "Robert"


def test_who_is_locked_out_is_out_at_once_and_told(database, cast):
    secrets = {
        kind: does(database, credentials.issue, cast.dora.id, kind, SYSTEM)
        for kind in CredentialKind
    }

    does(database, administration.deactivate, cast.dora.id, cast.ada)

    for kind, secret in secrets.items():
        assert looks(database, credentials.find_actor, kind, secret) is None
        assert looks(database, credentials.of_person, cast.dora.id, kind) == []
    (entry,) = entries(database, cast.dora.id, Event.PERSON_DEACTIVATED)
    assert entry.detail["ended"] == {"link": 1, "session": 1, "token": 1}


def test_who_is_let_in_again_signs_in_anew_with_the_same_roles(database, cast):
    token = does(database, credentials.issue, cast.dora.id, CredentialKind.TOKEN, SYSTEM)
    does(database, administration.deactivate, cast.dora.id, cast.ada)

    back = does(database, administration.activate, cast.dora.id, cast.ada)

    assert back.person.is_active
    assert back.grants == ((Role.RESPONDER, "Service Desk"),)
    assert looks(database, credentials.find_actor, CredentialKind.TOKEN, token) is None
    assert entries(database, cast.dora.id, Event.PERSON_ACTIVATED)


def test_who_is_locked_out_gets_neither_link_nor_token(database, cast):
    does(database, administration.deactivate, cast.dora.id, cast.ada)

    with pytest.raises(NotAllowed, match="locked out"):
        does(database, administration.invite, cast.dora.id, cast.ada)
    with pytest.raises(NotAllowed, match="locked out"):
        does(database, administration.issue_token, cast.dora.id, TERMS, cast.ada)


def test_people_are_found_by_a_part_of_their_name_in_order(database, cast):
    found = looks(database, administration.find, cast.ada, search="AU")
    first, second = (
        looks(database, administration.find, cast.ada, limit=2, after=after)
        for after in (None, "aude")
    )

    assert [each.person.username for each in found] == ["aude"]
    assert [each.person.username for each in first + second] == ["ada", "aude", "dora", "max"]


@pytest.mark.parametrize("search", ["%", "_", "\x00", "\ud800", "x" * 120])
def test_a_search_for_signs_finds_nobody(search, database, cast):
    assert looks(database, administration.find, cast.ada, search=search) == []


# ---- what stays true whoever asks


def test_nobody_locks_themselves_out(database, cast):
    other = does(database, accounts.add, "abe", "Abe", [(Role.ADMINISTRATOR, EVERYWHERE)], SYSTEM)

    with pytest.raises(Conflict, match="yourself"):
        does(database, administration.deactivate, cast.ada.id, cast.ada)

    assert does(database, administration.deactivate, other.id, cast.ada).person.is_active is False


def by_the_system(act):
    return lambda session, person_id, *more: act(
        session, session.get_one(Person, person_id), *more, SYSTEM
    )


@pytest.mark.parametrize(
    "act",
    [
        by_the_system(accounts.deactivate),
        by_the_system(
            lambda session, person, actor: accounts.set_grants(session, person, [], actor)
        ),
    ],
    ids=["is not locked out", "stays one"],
)
def test_the_last_administrator(act, database, cast):
    other = does(database, accounts.add, "abe", "Abe", [(Role.ADMINISTRATOR, EVERYWHERE)], SYSTEM)
    does(database, act, other.id)
    before = dump(database)

    with pytest.raises(Conflict, match="last administrator"):
        does(database, act, cast.ada.id)

    assert dump(database) == before


def test_two_administrators_who_lock_each_other_out_at_once_do_not_both_go(database, cast):
    other = does(database, accounts.add, "abe", "Abe", [(Role.ADMINISTRATOR, EVERYWHERE)], SYSTEM)
    abe = Actor(other.id, "Abe", cast.ada.grants)
    at_once = Barrier(2)

    def lock_out(person_id, actor):
        at_once.wait()
        with suppress(Conflict):
            does(database, administration.deactivate, person_id, actor)

    with ThreadPoolExecutor() as threads:
        turns = [(abe.id, cast.ada), (cast.ada.id, abe)]
        list(threads.map(lock_out, *zip(*turns, strict=True)))

    active = [account(database, each, cast.ada).person.is_active for each in (cast.ada, abe)]
    assert sorted(active) == [False, True]


def test_the_history_names_the_organisation_of_a_grant(database, dealers):
    (added,) = entries(database, dealers.north_clerk.id, Event.PERSON_ADDED)

    assert added.changes["grants"] == [None, ["customer in North"]]


@pytest.mark.parametrize(
    ("role", "bound"),
    [
        (Role.ADMINISTRATOR, "Service Desk"),
        (Role.AUDITOR, "Service Desk"),
        (Role.PROCESS_OWNER, "Service Desk"),
        (Role.REPORTER, "Service Desk"),
        (Role.ADMINISTRATOR, "organisation:north"),
        (Role.RESPONDER, "organisation:north"),
        (Role.RESPONDER, "x" * 121),
        (Role.CUSTOMER, EVERYWHERE),
        (Role.CUSTOMER, "Service Desk"),
        (Role.CUSTOMER, "organisation:"),
        (Role.CUSTOMER, "organisation:south"),
        (Role.CUSTOMER_ADMINISTRATOR, EVERYWHERE),
        (Role.CUSTOMER_ADMINISTRATOR, "organisation:south"),
        (Role.CUSTOMER_ADMINISTRATOR, "organisation:nobody"),
    ],
)
def test_a_role_is_not_bound_to_what_does_not_fit(role, bound, database, cast, dealers):
    bound = bound.replace("north", dealers.north.id).replace("south", dealers.south.id)
    before = dump(database)

    for person in (dealers.north_clerk, cast.rob):
        with pytest.raises(InvalidAnswers) as refusal:
            does(database, administration.set_grants, person.id, [(role, bound)], cast.ada)
        assert set(refusal.value.errors) == {"grants"}

    assert dump(database) == before


@pytest.mark.parametrize("elsewhere", [None, "south"])
def test_a_customer_stays_where_they_are_customer(elsewhere, database, cast, dealers):
    organisation_id = getattr(dealers, elsewhere).id if elsewhere else None

    with pytest.raises(InvalidAnswers):
        does(
            database,
            administration.change,
            dealers.north_clerk.id,
            "Clara",
            organisation_id,
            cast.ada,
        )


def test_an_organisation_that_is_not_there_takes_nobody(database, cast):
    with pytest.raises(InvalidAnswers):
        does(database, administration.change, cast.rob.id, "Rob", "nowhere", cast.ada)
    with pytest.raises(NotFound):
        does(database, administration.add, newcomer("nowhere"), cast.ada)


@pytest.mark.parametrize(
    "username", ["", "Nina", "ni na", "ni\nna", "-nina", "ñina", "n" * 65, "dora\x00"]
)
def test_a_username_that_could_be_mistaken_is_refused(username, database, cast):
    with pytest.raises(InvalidAnswers) as refusal:
        does(database, administration.add, newcomer(username=username), cast.ada)

    assert set(refusal.value.errors) == {"username"}


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a\x00b", "a\nb", "\ud800"])
def test_a_name_that_cannot_be_read_is_refused(name, database, cast):
    with pytest.raises(InvalidAnswers) as refusal:
        does(database, administration.change, cast.rob.id, name, None, cast.ada)

    assert set(refusal.value.errors) == {"name"}


# ---- machines


def test_a_machine_has_tokens_that_an_administrator_makes(database, cast):
    grants = ((Role.REPORTER, EVERYWHERE),)
    machine = does(database, administration.add, newcomer(None, *grants, username="bot"), cast.ada)

    token = does(database, administration.issue_token, machine.person.id, TERMS, cast.ada)

    found = looks(database, credentials.find_actor, CredentialKind.TOKEN, token)
    assert (found.id, found.grants) == (machine.person.id, frozenset(grants))


@pytest.mark.parametrize("kind", [CredentialKind.LINK, CredentialKind.SESSION, "password"])
def test_nobody_makes_a_token_in_the_name_of_somebody_who_signs_in(kind, database, cast):
    if kind == "password":
        hashed = passwords.hash_password("a few words are easy to keep")
        does(database, passwords.set_password, hashed, cast.dora)
    else:
        does(database, credentials.issue, cast.dora.id, kind, SYSTEM)

    with pytest.raises(NotAllowed, match="their own tokens"):
        does(database, administration.issue_token, cast.dora.id, TERMS, cast.ada)


# ---- administrators of a customer


def test_a_customers_administrator_adds_their_own_people(database, dealers):
    grants = ((CUSTOMER, dealers.north_bound),)

    added = does(
        database, administration.add, newcomer(dealers.north.id, *grants), dealers.north_boss
    )
    link = does(database, administration.invite, added.person.id, dealers.north_boss)

    actor = does(database, credentials.use_link, link)
    assert actor.grants == frozenset(grants)
    assert added.organisation.name == "North"


def test_a_customers_administrator_makes_another_one_and_locks_somebody_out(database, dealers):
    boss, clerk = dealers.north_boss, dealers.north_clerk
    grants = [(CUSTOMER_ADMINISTRATOR, dealers.north_bound)]

    does(database, administration.set_grants, clerk.id, grants, boss)
    out = does(database, administration.deactivate, clerk.id, boss)

    assert out.grants == tuple(grants)
    assert not out.person.is_active


def test_a_customers_administrator_sees_their_own_people_and_organisation_alone(
    database, cast, dealers
):
    boss = dealers.north_boss
    found = looks(database, administration.find, boss)
    memberships = looks(database, organisations.find, boss)

    assert [each.person.username for each in found] == ["north-boss", "north-clerk"]
    assert [(m.organisation.name, m.people) for m in memberships] == [("North", 2)]
    assert looks(database, administration.find, boss, organisation_id=dealers.south.id) == []
    for stranger in (cast.dora, dealers.south_clerk):
        with pytest.raises(NotFound):
            account(database, stranger, boss)
    with pytest.raises(NotFound):
        looks(database, organisations.get, dealers.south.id, boss)


def refused(database, act, *what, error=NotAllowed):
    before = dump(database)
    with pytest.raises(error):
        does(database, act, *what)
    assert dump(database) == before


@pytest.mark.parametrize(
    ("role", "bound"),
    [
        (Role.ADMINISTRATOR, ""),
        (Role.RESPONDER, ""),
        (Role.RESPONDER, "Service Desk"),
        (Role.AUDITOR, ""),
        (Role.REPORTER, ""),
        (Role.CUSTOMER, ""),
        (Role.CUSTOMER, "south"),
        (Role.CUSTOMER_ADMINISTRATOR, "south"),
        (Role.RESPONDER, "north"),
    ],
)
def test_a_customers_administrator_grants_nothing_else(role, bound, database, dealers):
    named = {"north": dealers.north_bound, "south": dealers.south_bound}
    granted = (role, named.get(bound, bound))
    boss = dealers.north_boss

    refused(database, administration.set_grants, dealers.north_clerk.id, [granted], boss)
    refused(database, administration.add, newcomer(dealers.north.id, granted), boss)


def test_a_customers_administrator_adds_nobody_elsewhere(database, dealers):
    boss = dealers.north_boss

    refused(database, administration.add, newcomer(None), boss)
    refused(database, administration.add, newcomer(dealers.south.id), boss, error=NotFound)


@pytest.mark.parametrize("grants", [[], [(CUSTOMER, "north")], [(Role.ADMINISTRATOR, "")]])
def test_a_customers_administrator_does_not_change_their_own_roles(grants, database, dealers):
    chosen = [(role, dealers.north_bound if bound else "") for role, bound in grants]

    refused(
        database,
        administration.set_grants,
        dealers.north_boss.id,
        chosen,
        dealers.north_boss,
    )


@pytest.mark.parametrize("act", [administration.deactivate, administration.invite])
def test_a_customers_administrator_does_not_touch_who_has_other_roles(act, database, cast, dealers):
    does(database, administration.change, cast.aude.id, "Aude", dealers.north.id, cast.ada)

    refused(database, act, cast.aude.id, dealers.north_boss)
    refused(database, act, dealers.south_clerk.id, dealers.north_boss, error=NotFound)


def test_a_customers_administrator_gets_no_way_in_as_somebody_who_has_been_here(database, dealers):
    does(database, credentials.start_session, dealers.north_clerk)

    refused(database, administration.invite, dealers.north_clerk.id, dealers.north_boss)


def test_a_customers_administrator_leaves_the_rest_to_ours(database, dealers):
    boss, clerk = dealers.north_boss, dealers.north_clerk
    does(database, administration.deactivate, clerk.id, boss)

    refused(database, administration.activate, clerk.id, boss)
    refused(database, administration.change, clerk.id, "Clara", dealers.north.id, boss)
    refused(database, administration.issue_token, clerk.id, TERMS, boss)
    refused(database, administration.revoke_sessions, clerk.id, boss)
    refused(database, organisations.add, "West", boss)
    refused(database, organisations.rename, dealers.north.id, "The North", boss)


@pytest.mark.parametrize("username", ["dora", "tess", "max", "olga", "aude", "rob", "north_clerk"])
def test_nobody_else_manages_people(username, database, cast, dealers):
    actor = getattr(cast, username, None) or getattr(dealers, username)
    clerk = dealers.north_clerk.id

    refused(database, administration.find, actor)
    refused(database, administration.get, clerk, actor)
    refused(database, administration.add, newcomer(dealers.north.id), actor)
    refused(database, administration.set_grants, clerk, [], actor)
    refused(database, administration.deactivate, clerk, actor)
    refused(database, administration.invite, clerk, actor)
    refused(database, organisations.find, actor)


# ---- organisations


def test_an_organisation_gets_another_name(database, cast):
    organisation = does(database, organisations.add, "  Nord ", cast.ada)

    for _ in range(2):
        does(database, organisations.rename, organisation.id, "NORD", cast.ada)

    (added,) = entries(database, organisation.id, Event.ORGANISATION_ADDED)
    (renamed,) = entries(database, organisation.id, Event.ORGANISATION_RENAMED)
    assert added.changes == {"name": [None, "Nord"]}
    assert renamed.changes == {"name": ["Nord", "NORD"]}


def test_two_organisations_do_not_have_one_name(database, cast, dealers):
    refused(database, organisations.add, "NORTH", cast.ada, error=Conflict)
    refused(database, organisations.rename, dealers.south.id, "north", cast.ada, error=Conflict)
    refused(database, organisations.add, " ", cast.ada, error=InvalidAnswers)
    refused(database, organisations.add, "x" * 121, cast.ada, error=InvalidAnswers)


def test_an_organisation_is_found_by_its_name(database, cast, dealers):
    assert looks(database, organisations.named, "North", cast.ada).id == dealers.north.id
    with pytest.raises(NotFound, match="West"):
        looks(database, organisations.named, "West", cast.ada)

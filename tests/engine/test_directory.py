"""What a directory may do here, and what nobody else may."""

import pytest

from engine.errors import InvalidAnswers, NotAllowed
from engine.people import permissions
from engine.people.directory import Wanted, groups, users
from engine.people.grants import GroupMapping
from engine.people.permissions import Action
from engine.store.tables import Incident, Task
from tests.directory import machine
from tests.factories import PEOPLE, dump


def test_a_directory_may_do_nothing_but_keep_people(database):
    okta, _ = machine(database)
    its_own = Incident(reporter_id=okta.id)
    things = (None, its_own, Task(candidate_group="Service Desk", assignee_id=okta.id))

    allowed = {
        action
        for action in Action
        for thing in things
        if permissions.may(okta, action, thing, of=its_own)
    }

    assert allowed == {Action.KEEP_DIRECTORY}


@pytest.mark.parametrize("username", PEOPLE)
def test_nobody_else_keeps_people_or_sees_who_is_kept(database, cast, username):
    actor, before = getattr(cast, username), dump(database)
    user, group = users.Description("nina"), groups.Description("desk", None, frozenset())
    none = GroupMapping()
    asked = [
        lambda session: users.find(session, Wanted(), actor),
        lambda session: users.get(session, actor.id, actor),
        lambda session: users.add(session, user, actor),
        lambda session: users.change(session, actor.id, lambda _: user, actor),
        lambda session: users.remove(session, actor.id, none, actor),
        lambda session: groups.find(session, Wanted(), actor),
        lambda session: groups.get(session, "1", actor),
        lambda session: groups.add(session, group, none, actor),
        lambda session: groups.change(session, "1", lambda _: group, none, actor),
        lambda session: groups.remove(session, "1", none, actor),
    ]

    for ask in asked:
        with pytest.raises(NotAllowed, match="scope “scim”"), database.transaction() as session:
            ask(session)

    assert dump(database) == before


def test_a_group_holds_no_more_than_can_be_changed_at_once(database):
    okta, _ = machine(database)
    too_many = frozenset(map(str, range(groups.MOST_MEMBERS + 1)))
    described = groups.Description("desk", None, too_many)

    with (
        pytest.raises(InvalidAnswers) as refused,
        database.transaction() as session,
    ):
        groups.add(session, described, GroupMapping(), okta)

    assert "members" in refused.value.errors

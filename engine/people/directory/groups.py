"""A directory's groups, and who is in them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from engine import clock, history, plain_text
from engine.actors import Actor
from engine.errors import InvalidAnswers, NotFound, StaleVersion, Taken
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import accounts
from engine.people.directory import (
    Page,
    Wanted,
    changing,
    checked,
    fingerprint,
    memberships,
    on_page,
    require,
    users,
)
from engine.people.grants import GroupMapping
from engine.store.tables import DirectoryGroup, DirectoryMember, Person, table_of

MOST_MEMBERS = 10_000
Changes = dict[str, tuple[Any, Any]]

_COLUMNS = {"id": DirectoryGroup.id, "externalId": DirectoryGroup.external_id}
_STALE = "This group was changed since. Read it again."


@dataclass(frozen=True)
class Description:
    """What a directory says of a group."""

    name: str
    external_id: str | None
    member_ids: frozenset[str]


@dataclass(frozen=True)
class Group:
    row: DirectoryGroup
    member_ids: tuple[str, ...]  # in order

    @property
    def version(self) -> str:
        """A fingerprint of all that is said about it."""
        return fingerprint(self.row.name, self.row.external_id, self.member_ids)


def find(session: Session, wanted: Wanted, actor: Actor) -> Page[Group]:
    """Those that have the wanted value, by name."""
    require(actor)
    if not wanted.is_anything:
        return Page([], 0)
    query = select(DirectoryGroup).where(*_has(wanted)).order_by(DirectoryGroup.name)
    page = on_page(session, query, wanted)
    return Page(_described(session, page.items), page.total)


def get(session: Session, group_id: str, actor: Actor) -> Group:
    require(actor)
    row = session.get(DirectoryGroup, group_id) if plain_text.is_plain(group_id) else None
    if row is None:
        raise NotFound("There is no such group.")
    return _described(session, [row])[0]


def add(session: Session, description: Description, mapping: GroupMapping, actor: Actor) -> Group:
    """Add a group; ``Taken`` if there is one of that name."""
    with changing(session, actor):
        row = _new(description)
        _require_fit(session, row, description)
        session.add(row)
        session.flush()
        joined = _join(session, row, description.member_ids)
        changes = {"name": (None, row.name)}
        _record(session, row, Event.DIRECTORY_GROUP_ADDED, actor, changes, joined=joined)
        _renew_grants(session, joined, {row.name}, mapping, actor)
    return get(session, row.id, actor)


def change(
    session: Session,
    group_id: str,
    said: Callable[[Group], Description],
    mapping: GroupMapping,
    actor: Actor,
    version: str | None = None,
) -> Group:
    """Say of a group what ``said`` makes of it as it is now; the grants of its members follow.

    ``StaleVersion`` if it is not as it was seen.
    """
    with changing(session, actor):
        group = _locked(session, group_id, actor, version)
        row, old_name, description = group.row, group.row.name, said(group)
        _require_fit(session, row, description)
        old, new = frozenset(group.member_ids), description.member_ids
        joined, left = _join(session, row, new - old), _leave(session, row, old - new)
        changes = _rename(row, description)
        if changes or joined or left:
            row.updated_at = clock.now()
            event = Event.DIRECTORY_GROUP_CHANGED
            _record(session, row, event, actor, changes, joined=joined, left=left)
        moved = joined | left if row.name == old_name else joined | old
        _renew_grants(session, moved, {old_name, row.name}, mapping, actor)
    return get(session, group_id, actor)


def remove(
    session: Session,
    group_id: str,
    mapping: GroupMapping,
    actor: Actor,
    version: str | None = None,
) -> None:
    """Remove a group, and what it gave to those who were in it."""
    with changing(session, actor):
        group = _locked(session, group_id, actor, version)
        row, changes = group.row, {"name": (group.row.name, None)}
        event, left = Event.DIRECTORY_GROUP_REMOVED, frozenset(group.member_ids)
        _record(session, row, event, actor, changes, left=left)
        session.execute(delete(DirectoryMember).where(DirectoryMember.group_id == group_id))
        session.delete(row)
        _renew_grants(session, left, {row.name}, mapping, actor)


def _has(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    if wanted.attribute == "displayName":
        yield func.lower(DirectoryGroup.name) == func.lower(wanted.value)
    elif wanted.attribute is not None:
        yield _COLUMNS[wanted.attribute] == wanted.value


def _described(session: Session, rows: Iterable[DirectoryGroup]) -> list[Group]:
    asked = list(rows)
    query = (
        select(DirectoryMember.group_id, Person.id)
        .join(Person, Person.id == DirectoryMember.person_id)
        .where(DirectoryMember.group_id.in_([row.id for row in asked]), *users.KEPT)
        .order_by(Person.id)
    )
    members: dict[str, list[str]] = {row.id: [] for row in asked}
    for group_id, person_id in session.execute(query):
        members[group_id].append(person_id)
    return [Group(row, tuple(members[row.id])) for row in asked]


def _locked(session: Session, group_id: str, actor: Actor, version: str | None) -> Group:
    """A group as it is now, kept so until the change is made."""
    row = get(session, group_id, actor).row
    session.get_one(DirectoryGroup, row.id, with_for_update=True, populate_existing=True)
    group = get(session, group_id, actor)
    if version not in (None, group.version):
        raise StaleVersion(_STALE)
    return group


def _new(description: Description) -> DirectoryGroup:
    now = clock.now()
    return DirectoryGroup(
        id=new_id(),
        name=description.name,
        external_id=description.external_id,
        created_at=now,
        updated_at=now,
    )


def _rename(row: DirectoryGroup, description: Description) -> Changes:
    """What becomes different, by its old and new value."""
    old = {"name": row.name, "external_id": row.external_id}
    row.name, row.external_id = description.name, description.external_id
    new = {"name": row.name, "external_id": row.external_id}
    return history.difference(old, new, old)


def _require_fit(session: Session, row: DirectoryGroup, description: Description) -> None:
    """The names can be kept and are no other group's, and there are not too many members."""
    checked("displayName", description.name)
    same = [DirectoryGroup.name == description.name]
    if description.external_id is not None:
        checked("externalId", description.external_id)
        same.append(DirectoryGroup.external_id == description.external_id)
    if len(description.member_ids) > MOST_MEMBERS:
        raise InvalidAnswers({"members": f"A group has up to {MOST_MEMBERS} members."})
    query = select(DirectoryGroup.id).where(or_(*same), DirectoryGroup.id != row.id)
    if session.scalar(query.limit(1)) is not None:
        raise Taken("There is already a group with this displayName or externalId.")


def _join(session: Session, row: DirectoryGroup, wanted: frozenset[str]) -> frozenset[str]:
    """Only whom the directory keeps here can be in one of its groups."""
    if not wanted:
        return wanted
    asked = [one for one in wanted if plain_text.is_plain(one)]
    known = session.scalars(select(Person.id).where(Person.id.in_(asked), *users.KEPT))
    if wanted - set(known):
        raise InvalidAnswers({"members": "One of the members is no user of this directory."})
    joining = [{"group_id": row.id, "person_id": person_id} for person_id in sorted(wanted)]
    session.execute(insert(table_of(DirectoryMember)), joining)
    return wanted


def _leave(session: Session, row: DirectoryGroup, leaving: frozenset[str]) -> frozenset[str]:
    is_leaving = DirectoryMember.person_id.in_(leaving)
    of_group = DirectoryMember.group_id == row.id
    session.execute(delete(DirectoryMember).where(of_group, is_leaving))
    return leaving


def _renew_grants(
    session: Session,
    person_ids: frozenset[str],
    names: set[str],
    mapping: GroupMapping,
    actor: Actor,
) -> None:
    """Where a setting says that a group of one of these names stands for something."""
    if names & set(mapping.roles):
        memberships.renew_grants(session, person_ids, mapping, actor)


def _record(
    session: Session,
    row: DirectoryGroup,
    event: Event,
    actor: Actor,
    changes: Changes,
    **members: frozenset[str],
) -> None:
    detail = {how: sorted(accounts.names(session, ids).values()) for how, ids in members.items()}
    history.record(session, row.id, Entry(event, actor, changes=changes, detail=detail))

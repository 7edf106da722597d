"""Who is in which group of a directory, and the grants that follow from it."""

from collections.abc import Collection, Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.people import accounts
from engine.people.grants import GroupMapping
from engine.store.tables import DirectoryGroup, DirectoryMember, Person


def of_people(session: Session, person_ids: Collection[str]) -> dict[str, list[DirectoryGroup]]:
    """Person -> their groups, by name."""
    query = (
        select(DirectoryMember.person_id, DirectoryGroup)
        .join(DirectoryGroup, DirectoryGroup.id == DirectoryMember.group_id)
        .where(DirectoryMember.person_id.in_(person_ids))
        .order_by(DirectoryGroup.name)
    )
    found: dict[str, list[DirectoryGroup]] = {person_id: [] for person_id in person_ids}
    for person_id, group in session.execute(query):
        found[person_id].append(group)
    return found


def leave_all(session: Session, person: Person, mapping: GroupMapping, actor: Actor) -> None:
    """Take somebody out of every group."""
    session.execute(delete(DirectoryMember).where(DirectoryMember.person_id == person.id))
    renew_grants(session, [person.id], mapping, actor)


def renew_grants(
    session: Session, person_ids: Iterable[str], mapping: GroupMapping, actor: Actor
) -> None:
    """Give people what their groups stand for; of grants that the mapping does not name, none go.

    ``Conflict`` if nobody would be left who lets others in.
    """
    ids = list(person_ids)
    if not mapping.roles or not ids:
        return
    session.flush()
    locked = select(Person).where(Person.id.in_(ids)).order_by(Person.id).with_for_update()
    people = list(session.scalars(locked))
    groups = of_people(session, ids)
    for account in accounts.described(session, people):
        others = frozenset(account.grants) - mapping.mapped
        names = [group.name for group in groups[account.person.id]]
        accounts.set_grants(session, account.person, others | mapping.granted(names), actor)

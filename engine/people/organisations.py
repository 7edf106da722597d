"""Organisations: customers, dealers or tenants, to which people belong who do not work for us."""

from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine import clock, history, plain_text
from engine.actors import Actor, Role
from engine.errors import Conflict, NotFound
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import permissions
from engine.people.permissions import Action
from engine.store.tables import Organisation, Person

LONGEST_NAME = 120


@dataclass(frozen=True)
class Membership:
    """An organisation, and how many people belong to it."""

    organisation: Organisation
    people: int


def add(session: Session, name: str, actor: Actor) -> Organisation:
    permissions.require(actor, Action.MANAGE_PEOPLE)
    organisation = Organisation(
        id=new_id(), name=_checked(session, name, None), created_at=clock.now()
    )
    session.add(organisation)
    session.flush()
    added = Entry(Event.ORGANISATION_ADDED, actor, changes={"name": (None, organisation.name)})
    history.record(session, organisation.id, added)
    return organisation


def rename(session: Session, organisation_id: str, name: str, actor: Actor) -> Organisation:
    """Give an organisation another name; ``Conflict`` if another one has it."""
    permissions.require(actor, Action.MANAGE_PEOPLE)
    organisation = get(session, organisation_id, actor)
    old, new = organisation.name, _checked(session, name, organisation.id)
    if new != old:
        organisation.name = new
        renamed = Entry(Event.ORGANISATION_RENAMED, actor, changes={"name": (old, new)})
        history.record(session, organisation.id, renamed)
    return organisation


def find(session: Session, actor: Actor) -> list[Membership]:
    """The organisations whose people the actor manages, by name."""
    require_any(actor)
    counted = (
        select(func.count())
        .where(Person.organisation_id == Organisation.id)
        .correlate(Organisation)
        .scalar_subquery()
    )
    query = managed(select(Organisation, counted), actor).order_by(Organisation.name)
    return [Membership(organisation, people) for organisation, people in session.execute(query)]


def get(session: Session, organisation_id: str, actor: Actor) -> Organisation:
    """One whose people the actor manages; ``NotFound`` for every other one."""
    require_any(actor)
    organisation = session.get(Organisation, organisation_id)
    if organisation is None or not permissions.may(actor, Action.MANAGE_ORGANISATION, organisation):
        raise NotFound("There is no such organisation.")
    return organisation


def named(session: Session, name: str, actor: Actor) -> Organisation:
    """The one with that name."""
    organisation = session.scalar(select(Organisation).where(Organisation.name == name))
    if organisation is None:
        raise NotFound(f"There is no organisation named “{name}”.")
    return get(session, organisation.id, actor)


def manages(actor: Actor) -> bool:
    """Whether the actor manages people at all, be it those of one organisation."""
    is_customers = bool(actor.organisations_as(Role.CUSTOMER_ADMINISTRATOR))
    return is_customers or permissions.may(actor, Action.MANAGE_PEOPLE)


def require_any(actor: Actor) -> None:
    """Raise ``NotAllowed`` unless the actor manages people at all."""
    if not manages(actor):
        permissions.require(actor, Action.MANAGE_PEOPLE)


def managed(query: Select[Organisation, int], actor: Actor) -> Select[Organisation, int]:
    """Narrow a query to the organisations that the actor manages."""
    if permissions.may(actor, Action.MANAGE_PEOPLE):
        return query
    return query.where(Organisation.id.in_(actor.organisations_as(Role.CUSTOMER_ADMINISTRATOR)))


def _checked(session: Session, name: str, own_id: str | None) -> str:
    """A name that fits, and that no other organisation has."""
    chosen = plain_text.checked_line("name", name, LONGEST_NAME, "Give it a name.")
    same = select(Organisation.id).where(func.lower(Organisation.name) == func.lower(chosen))
    if session.scalar(same) not in (None, own_id):
        raise Conflict(f"There is already an organisation named “{chosen}”.")
    return chosen

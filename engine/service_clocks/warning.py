"""Whom to tell when: at a half and three quarters of a target, and when it is used up."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.actors import SYSTEM
from engine.clocks.service import Course
from engine.history import Entry, Event
from engine.service_clocks.keeping import course_of
from engine.store.tables import ProcessInstance, ServiceClock

PERCENTAGES = (50, 75, 100)  # of a target; the last is its breach


def find_due(session: Session, limit: int) -> list[str]:
    """Ids of clocks of which somebody is to be told, the longest overdue first."""
    query = select(ServiceClock.id).where(ServiceClock.next_at <= clock.now())
    return list(session.scalars(query.order_by(ServiceClock.next_at).limit(limit)))


def tell(session: Session, clock_id: str) -> None:
    """Record each percentage that a clock has reached and nobody was told of, once."""
    query = (
        select(ServiceClock)
        .join(ProcessInstance, ProcessInstance.incident_id == ServiceClock.incident_id)
        .where(ServiceClock.id == clock_id)
        .with_for_update(of=(ProcessInstance, ServiceClock), key_share=True)
    )
    row = session.scalars(query).one()
    found, now = course_of(session, row), clock.now()
    for percentage in PERCENTAGES:
        reached = found.reached(percentage / 100)
        if percentage > row.told and reached is not None and reached <= now:
            history.record(session, row.incident_id, _told(row, percentage, reached))
            row.told = percentage
    row.next_at = next_moment(found, row.told)


def silence(session: Session, clock_id: str) -> None:
    """Let a clock warn of nothing any more, until something happens to its incident."""
    session.get_one(ServiceClock, clock_id).next_at = None


def next_moment(found: Course, told: int) -> datetime | None:
    """When somebody is to be told of it, who has been told of ``told`` per cent."""
    percentage = next((each for each in PERCENTAGES if each > told), None)
    return None if percentage is None else found.reached(percentage / 100)


def _told(row: ServiceClock, percentage: int, reached: datetime) -> Entry:
    event = Event.CLOCK_BREACHED if percentage == PERCENTAGES[-1] else Event.CLOCK_WARNED
    detail = {"clock": row.title, "kind": row.kind, "percentage": percentage, "reached": reached}
    return Entry(event, SYSTEM, detail=detail)

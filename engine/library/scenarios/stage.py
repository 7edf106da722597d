"""Where a scenario is played: a database with the bundle in it, a clock of its own, and people.

Nothing here leaves the machine: what is to be sent outside waits in the outbox, and is forgotten.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock, instances
from engine.actors import EVERYWHERE, SYSTEM, Actor, Role
from engine.bundles import Files
from engine.clock import Stopped
from engine.instances import delivery, state
from engine.library import deployment
from engine.library.scenarios.scenario import Scenario
from engine.people import accounts
from engine.store import migrate
from engine.store.database import Database
from engine.store.tables import ProcessInstance

DIRECTOR = replace(SYSTEM, name="Scenario", grants=frozenset({(Role.ADMINISTRATOR, EVERYWHERE)}))
_MOST_ROUNDS = 1_000  # of timers and messages, before it is one that never ends
_MANY = 500


class Unexpected(Exception):
    """Something else came than what a scenario says."""


@dataclass
class Stage:
    database: Database
    clock: Stopped
    people: dict[str, str] = field(default_factory=dict)  # name -> id

    def person(self, session: Session, name: str, role: Role, group: str = EVERYWHERE) -> Actor:
        """Somebody of that name, who comes in when they are first needed."""
        grants = [(role, group)]
        if name not in self.people:
            username = f"person{len(self.people) + 1}"
            self.people[name] = accounts.add(session, username, name, grants, SYSTEM).id
        return Actor(self.people[name], name, frozenset(grants))

    def move_to(self, moment: datetime) -> None:
        """Let the time pass; each timer on the way fires when it is due."""
        for _ in range(_MOST_ROUNDS):
            due_at = self._next_due()
            if due_at is None or due_at > moment:
                break
            self.clock.moment = max(due_at, self.clock.moment)
            self.settle()
        else:
            raise Unexpected(f"More than {_MOST_ROUNDS} timers fire until then. Wait for less.")
        self.clock.moment = max(moment, self.clock.moment)

    def settle(self) -> None:
        """Do what a worker does, until nothing is left that is due now."""
        for _ in range(_MOST_ROUNDS):
            with self.database.transaction() as session:
                fired = instances.find_due(session, _MANY)
                for instance_id in fired:
                    instances.fire_timers(session, instance_id)
                sent = delivery.find_due(session, _MANY)
                for message_id in sent:
                    delivery.deliver_if_awaited(session, message_id)
            if not fired and not sent:
                return
        raise Unexpected(f"More than {_MOST_ROUNDS} timers and messages follow one another.")

    def _next_due(self) -> datetime | None:
        query = select(func.min(ProcessInstance.next_due_at)).where(state.CAN_MOVE)
        with self.database.reading() as session:
            return session.scalar(query)


@dataclass(frozen=True)
class House:
    """Builds the same stage for each scenario, so that none meets what another one left."""

    template: Path

    @contextmanager
    def stage(self, scenario: Scenario) -> Iterator[Stage]:
        file = self.template.with_name("stage.db")
        database = Database(f"sqlite:///{shutil.copy(self.template, file)}")
        try:
            with clock.stopped(scenario.start_at) as stopped:
                yield Stage(database, stopped)
        finally:
            database.close()
            file.unlink()


@contextmanager
def built(files: Files) -> Iterator[House]:
    """A house for a bundle; ``Refused`` with every finding when it could not be deployed."""
    with TemporaryDirectory(prefix="steadyhand-") as folder:
        template = Path(folder) / "template.db"
        database = Database(f"sqlite:///{template}")
        try:
            migrate.upgrade(database)
            with database.transaction() as session:
                deployment.deploy_from_host(session, files, "", SYSTEM)
        finally:
            database.close()
        yield House(template)

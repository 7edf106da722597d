"""The hosts of the simulation and what they share: a database, people, deployed processes."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import event, select

from engine import library
from engine.actors import SYSTEM
from engine.instances import Loaded
from engine.store.database import Database
from engine.store.tables import Base, ProcessDefinition
from tests.simulation import processes
from tests.simulation.courses import Course, Letter

DEVIATIONS = (0, 0.5, -0.5)  # of the clock of each host, in minutes
_LASTING = ("person", "role_grant", "deployment", "deployment_file", "process_definition")
_OF_ONE_RUN = [
    table for table in reversed(Base.metadata.sorted_tables) if table.name not in _LASTING
]


@dataclass
class Nap:
    """A process that a host has read before it stood still."""

    course: Course
    loaded: Loaded


@dataclass
class Host:
    """A machine of the installation, whose clock deviates, and what it is about to do."""

    database: Database
    deviation: float
    due: list[Course] = field(default_factory=list)  # found, and not yet fired
    letters: list[Letter] = field(default_factory=list)  # found, and not yet delivered
    nap: Nap | None = None


class World:
    """What many runs share: a database with people and processes, and the clock."""

    def __init__(self, database, clock, cast, *people):
        self.database, self.clock = database, clock
        self.databases = [_hasty(Database(database.url)) for _ in DEVIATIONS]
        self.people, self.manager, self.owner = people, cast.max, cast.olga
        self.versions = dict.fromkeys((p.id for p in processes.PROCESSES), 0)
        self.definitions = {process_id: [] for process_id in self.versions}
        self.counts = Counter()  # of the transactions, by how they ended
        self.events = Counter()  # of the histories
        for process in (*processes.PROCESSES, *processes.PROCESSES):
            self.publish(process)

    @property
    def is_sqlite(self):
        return self.database.engine.dialect.name == "sqlite"

    def publish(self, process):
        """Deploy the next version."""
        self.versions[process.id] += 1
        files = processes.bundle(process, self.versions[process.id])
        with self.database.transaction() as session:
            library.deploy_from_host(session, files, "", SYSTEM)
            query = select(ProcessDefinition.id).where(ProcessDefinition.process_id == process.id)
            query = query.order_by(ProcessDefinition.version.desc()).limit(1)
            self.definitions[process.id].append(session.scalars(query).one())

    def close(self):
        for database in self.databases:
            database.close()

    def clear(self):
        """Forget a run."""
        with self.database.transaction() as session:
            for table in _OF_ONE_RUN:
                session.execute(table.delete())
        # Each run finds two versions, so that it is the same when it is replayed alone.
        self.definitions = {name: known[-2:] for name, known in self.definitions.items()}


def _hasty(database):
    """Nothing here outlives the run; what must survive a power cut is tested elsewhere."""
    if database.engine.dialect.name == "sqlite":
        event.listen(database.engine, "connect", _without_sync)
    return database


def _without_sync(connection, _):
    connection.execute("PRAGMA synchronous=OFF")

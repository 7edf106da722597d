"""Who acts: an identity with its roles. What it may do is decided in ``people.permissions``."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    REPORTER = "reporter"  # reports, and sees what they reported
    RESPONDER = "responder"  # works the tasks of their groups
    INCIDENT_MANAGER = "incident_manager"  # the same, and sees every queue
    PROCESS_OWNER = "process_owner"  # edits and deploys bundles
    AUDITOR = "auditor"  # reads everything, writes nothing
    ADMINISTRATOR = "administrator"  # people, doors, tokens


EVERYWHERE = ""  # the group name of a grant that is not bound to one group


@dataclass(frozen=True)
class Actor:
    """Who does something: a person, a door, or the system itself."""

    id: str | None
    name: str
    grants: frozenset[tuple[Role, str]] = frozenset()

    def has(self, *roles: Role) -> bool:
        return any(role in roles for role, _ in self.grants)

    def groups_as(self, *roles: Role) -> frozenset[str]:
        return frozenset(group for role, group in self.grants if role in roles)


SYSTEM = Actor(id=None, name="Steadyhand")

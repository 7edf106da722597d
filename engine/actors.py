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
    CUSTOMER = "customer"  # reports; sees the public side of their organisation's incidents
    CUSTOMER_ADMINISTRATOR = "customer_administrator"  # the same, and manages its people


CUSTOMERS = (Role.CUSTOMER, Role.CUSTOMER_ADMINISTRATOR)
EVERYWHERE = ""  # the group name of a grant that is not bound to anything
_ORGANISATION = "organisation:"  # begins the group name of a grant that is bound to one


@dataclass(frozen=True)
class Actor:
    """Who does something: a person, a door, or the system itself."""

    id: str | None
    name: str
    grants: frozenset[tuple[Role, str]] = frozenset()
    only_task: str | None = None  # of a partner who came by a link: there is nothing else for them
    on_behalf_of: str | None = None  # id of the person who sent the link
    is_directory: bool = False  # came by a token that keeps people and groups, and nothing else

    def has(self, *roles: Role) -> bool:
        """Whether they have one of the roles, everywhere or in a group of ours."""
        return any(r in roles and organisation_in(group) is None for r, group in self.grants)

    def groups_as(self, *roles: Role) -> frozenset[str]:
        """The groups of ours in which they have one of the roles; ``EVERYWHERE`` is one of them."""
        groups = (group for role, group in self.grants if role in roles)
        return frozenset(group for group in groups if organisation_in(group) is None)

    def organisations_as(self, *roles: Role) -> frozenset[str]:
        """Ids of the organisations for whose incidents they have one of the roles."""
        bound = (organisation_in(group) for role, group in self.grants if role in roles)
        return frozenset(organisation for organisation in bound if organisation)


SYSTEM = Actor(id=None, name="Steadyhand")


def of_organisation(organisation_id: str) -> str:
    """The group name of a grant that is bound to one organisation."""
    return f"{_ORGANISATION}{organisation_id}"


def organisation_in(group: str) -> str | None:
    """The id of the organisation to which such a grant is bound, if it is."""
    is_bound = group.startswith(_ORGANISATION)
    return group.removeprefix(_ORGANISATION) if is_bound else None

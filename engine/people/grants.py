"""Grants as settings and commands write them, and what a role can be bound to."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.actors import CUSTOMERS, EVERYWHERE, Role, organisation_in

LONGEST_GROUP = 120  # characters

Granted = tuple[Role, str]  # a role, and the group name that bounds it

_IN_GROUPS = (Role.RESPONDER, Role.INCIDENT_MANAGER)


@dataclass(frozen=True)
class GroupMapping:
    """What the groups of somebody else's directory stand for here."""

    roles: Mapping[str, frozenset[Granted]] = field(default_factory=dict)  # by the group's name

    @property
    def mapped(self) -> frozenset[Granted]:
        """Every grant about which the directory decides."""
        return frozenset().union(*self.roles.values())

    def granted(self, groups: Iterable[str]) -> frozenset[Granted]:
        """What somebody may do here who is in these groups there."""
        return frozenset().union(*(self.roles.get(group, frozenset()) for group in groups))


def parse(text: str) -> Granted:
    """Of ``role`` or ``role:group``; ``ValueError`` with what to correct."""
    role, _, group = text.partition(":")
    if role not in list(Role):
        raise ValueError(f"“{role}” is no role; choose one of: {', '.join(Role)}.")
    return Role(role), group or EVERYWHERE


def parse_mapping(text: str) -> GroupMapping:
    """Of a JSON object or a file with one: group -> ``role``, ``role:group`` or a list of them.

    ``ValueError`` with what to correct. Customers' roles are for administrators to give.
    """
    text = text.strip()
    if not text:
        return GroupMapping()
    try:
        found = json.loads(text if text.startswith("{") else Path(text).read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"This cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ValueError("This is no JSON object of groups and roles.")  # noqa: TRY004 -- of a setting
    return GroupMapping({group: _of_staff(roles) for group, roles in found.items()})


def in_order(granted: Iterable[Granted]) -> tuple[Granted, ...]:
    """Each once."""
    return tuple(sorted(set(granted)))


def misfit(granted: Granted, organisation_id: str | None) -> str | None:
    """Why somebody of this organisation, or of ours, cannot hold it; ``None`` if they can."""
    role, group = granted
    words = role.replace("_", " ")
    bound = organisation_in(group)
    if role in CUSTOMERS:
        belongs = bound is not None and bound == organisation_id
        return None if belongs else f"Somebody is a {words} of the organisation they belong to."
    if bound is not None:
        return f"The role {words} cannot be bound to an organisation."
    if len(group) > LONGEST_GROUP:
        return f"The name of a group has up to {LONGEST_GROUP} characters."
    if group != EVERYWHERE and role not in _IN_GROUPS:
        return f"The role {words} is not bound to a group: leave the group out."
    return None


def _of_staff(roles: Any) -> frozenset[Granted]:
    listed = roles if isinstance(roles, list) else [roles]
    granted = frozenset(parse(str(role)) for role in listed)
    for each in granted:
        problem = misfit(each, None)
        if problem:
            raise ValueError(f"“{each[0]}”: {problem}")
    return granted

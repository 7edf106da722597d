"""What the pages ask about people, and how they name roles and tell what was changed."""

from collections.abc import Iterable, Mapping

from api.web import words
from engine.actors import CUSTOMERS, EVERYWHERE, Role, of_organisation, organisation_in
from engine.errors import InvalidAnswers
from engine.forms import Field, Form
from engine.history import Event
from engine.people import administration, grants
from engine.people.accounts import Account
from engine.people.grants import Granted
from engine.store.tables import AuditEntry, Organisation

PERSON, MACHINE = "person", "machine"
_DOES = {
    Role.REPORTER: "Reporter: reports, and sees what they reported",
    Role.RESPONDER: "Responder: works the tasks of a group",
    Role.INCIDENT_MANAGER: "Incident manager: the same, and sees every queue",
    Role.PROCESS_OWNER: "Process owner: edits and deploys processes",
    Role.AUDITOR: "Auditor: reads everything, writes nothing",
    Role.ADMINISTRATOR: "Administrator: people, doors, tokens",
    Role.CUSTOMER: "Customer: reports, and sees the public side of their organisation's incidents",
    Role.CUSTOMER_ADMINISTRATOR: "Customer administrator: the same, and manages its people",
}
_TOLD: Mapping[str, str] = {
    Event.PERSON_ADDED: "{who} added this person",
    Event.PERSON_CHANGED: "{who} changed what is said about them",
    Event.PERSON_DEACTIVATED: "{who} locked them out",
    Event.PERSON_ACTIVATED: "{who} let them in again",
    Event.PERSON_SIGNED_OUT: "{who} signed out",
    Event.GRANTS_CHANGED: "{who} changed their roles",
    Event.PASSWORD_SET: "{who} set a password",
    Event.CREDENTIAL_ISSUED: "{who} made a {kind}",
    Event.CREDENTIAL_REVOKED: "{who} ended a {kind}",
    Event.IDENTITY_LINKED: "{who} linked an identity of a provider",
    Event.IDENTITY_UNLINKED: "{who} unlinked an identity of a provider",
}
_KINDS = {"session": "session", "link": "sign-in link", "token": "API token", "None": "session"}


def add_form(found: Iterable[Organisation], chosen: str | None, *, is_ours: bool) -> Form:
    """Whom to add; ``is_ours`` when whoever asks manages all people, not those of customers."""
    kind = Field(
        "radio",
        "kind",
        "Who is it?",
        options=(
            (PERSON, "A person, who gets a sign-in link"),
            (MACHINE, "A programme, which gets API tokens"),
        ),
        default=PERSON,
        is_required=True,
    )
    username = Field(
        "textfield",
        "username",
        "Username",
        "Small letters, digits and . _ @ + -. It stays as it is.",
        is_required=True,
        max_length=64,
    )
    asked = (username, _name(""), _organisation(found, chosen, is_required=not is_ours))
    return Form("person", (*asked, *_grant_fields(is_ours), *((kind,) if is_ours else ())))


def change_form(account: Account, found: Iterable[Organisation]) -> Form:
    chosen = account.person.organisation_id
    return Form("change", (_name(account.person.name), _organisation(found, chosen)))


def grant_form(*, is_ours: bool, groups: Iterable[str]) -> Form:
    """One more role."""
    return Form("grant", _grant_fields(is_ours, groups))


def chosen_grant(sent: Mapping[str, str], organisation_id: str | None) -> Granted:
    """The role that a form asks for; a customer's is that of their organisation."""
    role, group = sent.get("role", ""), sent.get("group", "").strip()
    if role not in list(Role):
        raise InvalidAnswers({"role": "Choose a role."})
    if Role(role) in CUSTOMERS:
        if not organisation_id:
            raise InvalidAnswers({"role": "Say first to which organisation they belong."})
        return Role(role), of_organisation(organisation_id)
    if organisation_in(group) is not None:
        raise InvalidAnswers({"group": "This is not the name of a group."})
    return Role(role), group or EVERYWHERE


def role_name(granted: Granted) -> str:
    """``Responder in Service Desk``."""
    role, group = granted
    name = words.humane(role)
    is_group = group != EVERYWHERE and organisation_in(group) is None
    return f"{name} in {group}" if is_group else name


def told(entry: AuditEntry) -> str:
    """What was changed about somebody, in a sentence."""
    pattern = _TOLD.get(entry.event, f"{{who}}: {words.humane(entry.event.replace(':', ' '))}")
    kind = str(entry.detail.get("kind"))
    return pattern.format(who=entry.actor_name, kind=_KINDS.get(kind, kind))


def _name(given: str) -> Field:
    return Field(
        "textfield",
        "name",
        "Name",
        "As others see it.",
        default=given,
        is_required=True,
        max_length=administration.LONGEST_NAME,
    )


def _organisation(
    found: Iterable[Organisation], chosen: str | None, *, is_required: bool = False
) -> Field:
    return Field(
        "select",
        "organisation",
        "Whose customer are they?",
        "" if is_required else "Leave it open for somebody who works for us.",
        options=tuple((organisation.id, organisation.name) for organisation in found),
        default=chosen,
        is_required=is_required,
    )


def _grant_fields(is_ours: bool, groups: Iterable[str] = ()) -> tuple[Field, ...]:  # noqa: FBT001 -- chooses nothing but what is offered
    offered = list(Role) if is_ours else CUSTOMERS
    role = Field(
        "radio",
        "role",
        "Role",
        options=tuple((role, _DOES[role]) for role in offered),
        default=None if is_ours else Role.CUSTOMER,
        is_required=True,
    )
    known = ", ".join(groups)
    group = Field(
        "textfield",
        "group",
        "Group",
        "Of a responder or incident manager; empty for every group."
        + (f" There are: {known}." if known else ""),
        max_length=grants.LONGEST_GROUP,
    )
    return (role, group) if is_ours else (role,)


FILTERS = {"role_name": role_name, "told": told}

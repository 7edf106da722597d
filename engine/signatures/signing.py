"""Ask for a signature, prove who gives it, and keep it with what it was given on."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import base64url, clock
from engine.actors import Actor
from engine.bundles import Deployed
from engine.errors import NotAllowed
from engine.forms import Form
from engine.history import Entry, Event
from engine.identifiers import new_id
from engine.people import ceremonies, passkeys, proofs
from engine.people.ceremonies import Options, Response, Site
from engine.people.passkeys import Suspected
from engine.people.proofs import Proof
from engine.signatures import canonical
from engine.store.tables import Deployment, Incident, ProcessDefinition, Signature, Task

_UNASKED = "This task asks for no signature. Complete it without one."


class Unsigned(NotAllowed):
    """A task that asks for a signature came without the one that it asks for."""


@dataclass(frozen=True)
class ByProof:
    """By a password or a code."""

    meaning: str
    proof: Proof


@dataclass(frozen=True)
class ByPasskey:
    """What a browser answered to ``ask``."""

    meaning: str
    response: Response
    at: datetime  # as ``ask`` said
    site: Site


Signing = ByProof | ByPasskey


@dataclass(frozen=True)
class Decision:
    """What is decided: a task as it is shown, and checked answers to its form."""

    task: Task
    incident: Incident
    process: Deployed
    form: Form
    instructions: str
    answers: Mapping[str, Any]
    meaning: str  # that the task asks for


@dataclass(frozen=True)
class Question:
    """What a passkey is asked to sign."""

    statement: str
    at: datetime
    options: Options


def ask(session: Session, decision: Decision, site: Site, actor: Actor) -> Question:
    """Ask for the signature of one of the actor's passkeys; good for five minutes."""
    if not decision.meaning:
        raise Unsigned(_UNASKED)
    at = clock.now()
    statement = _statement(session, decision, at, actor)
    options = passkeys.ask_to_sign(session, content_hash(statement), site, actor)
    return Question(statement, at, options)


def sign(session: Session, decision: Decision, signing: Signing | None, actor: Actor) -> Entry:
    """Keep a signature and return its entry, for the history of the incident.

    ``Unsigned`` when it is missing or says something else.
    """
    meant = _required(decision, signing)
    at = meant.at if isinstance(meant, ByPasskey) else clock.now()
    statement = _statement(session, decision, at, actor)
    method, assertion = _proven(session, statement, meant, actor)
    task = decision.task
    signature = Signature(
        id=new_id(),
        incident_id=task.incident_id,
        task_id=task.id,
        person_id=actor.id,
        meaning=decision.meaning,
        method=method,
        statement=statement,
        assertion=assertion,
        signed_at=at,
    )
    session.add(signature)
    session.flush()
    return _entry(signature, task, actor)


def of_task(session: Session, task_id: str) -> Signature | None:
    return session.scalar(select(Signature).where(Signature.task_id == task_id))


def content_hash(statement: str) -> bytes:
    return hashlib.sha256(statement.encode()).digest()


def _required(decision: Decision, signing: Signing | None) -> Signing:
    """The signature, if it says what the task asks for."""
    if not decision.meaning:
        raise Unsigned(_UNASKED)
    if signing is None:
        raise Unsigned(
            f"This task is signed: say that you mean “{decision.meaning}”, and prove who you are "
            "with your password, a code or a passkey."
        )
    if signing.meaning != decision.meaning:
        raise Unsigned(f"This task is signed with the meaning “{decision.meaning}”.")
    return signing


def _proven(
    session: Session, statement: str, signing: Signing, actor: Actor
) -> tuple[str, dict[str, str] | None]:
    """How the actor proved who they are, and what a passkey leaves behind."""
    if isinstance(signing, ByPasskey):
        return passkeys.KIND, _by_passkey(session, statement, signing, actor)
    return proofs.require(session, signing.proof, actor), None


def _by_passkey(
    session: Session, statement: str, signing: ByPasskey, actor: Actor
) -> dict[str, str]:
    digest = content_hash(statement)
    try:
        passkey, made = passkeys.signed(session, signing.response, digest, signing.site, actor)
    except Suspected:
        raise
    except NotAllowed as error:
        raise Unsigned(str(error)) from error
    parts = {
        "client_data": made.client_data,
        "authenticator_data": made.authenticator_data,
        "signature": made.signature,
        "public_key": ceremonies.public_key(passkey.secret),
    }
    encoded = {name: base64url.encode(part) for name, part in parts.items()}
    return {"credential_id": passkey.credential_id or "", "site": signing.site.name, **encoded}


def _statement(session: Session, decision: Decision, at: datetime, actor: Actor) -> str:
    task, incident, process = decision.task, decision.incident, decision.process
    return canonical.write(
        {
            "task": {"id": task.id, "name": task.name, "instructions": decision.instructions},
            "incident": {
                "id": incident.id,
                "number": incident.number,
                "title": incident.title,
                "description": incident.description,
            },
            "element": task.element_id,
            "definition": {
                "id": task.definition_id,
                "process": process.process_id,
                "version": process.version,
                "sha256": _bundle_hash(session, task.definition_id),
            },
            "form": asdict(decision.form),
            "answers": decision.answers,
            "meaning": decision.meaning,
            "signer": {"id": actor.id, "name": actor.name},
            "at": at.isoformat(),
        }
    )


def _bundle_hash(session: Session, definition_id: str) -> str:
    """Of the deployed files, among them the diagram and the form."""
    query = select(Deployment.sha256).join(ProcessDefinition)
    return session.scalars(query.where(ProcessDefinition.id == definition_id)).one()


def _entry(signature: Signature, task: Task, actor: Actor) -> Entry:
    detail = {
        "meaning": signature.meaning,
        "method": signature.method,
        "sha256": content_hash(signature.statement).hex(),
    }
    return Entry(
        Event.TASK_SIGNED,
        actor,
        definition_id=task.definition_id,
        element_id=task.element_id,
        element_name=task.name,
        task_id=task.id,
        detail=detail,
    )

"""How people, other tools and providers prove who they are, and what was refused."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.tables.columns import Base


class Credential(Base):
    """A secret that stands for a person, kept as its SHA-256: session, sign-in link, API token."""

    __tablename__ = "credential"
    __table_args__ = (Index("ix_credential_id", "id", unique=True),)

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    id: Mapped[str | None] = mapped_column(String(36))  # its name on a page
    label: Mapped[str | None] = mapped_column(String(120))  # what it is for, or the browser
    scope: Mapped[str | None] = mapped_column(String(16))  # of an API token: read or write
    last_used_at: Mapped[datetime | None]  # to within some minutes


class Authenticator(Base):
    """What somebody has besides a password: an app that shows codes (TOTP), a passkey."""

    __tablename__ = "authenticator"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # totp, passkey
    label: Mapped[str] = mapped_column(String(120))
    # WebAuthn's credential id, base64url; of a passkey only.
    credential_id: Mapped[str | None] = mapped_column(String(1400), unique=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)  # TOTP's key, or the public key (COSE)
    counter: Mapped[int]  # TOTP: the last time step that was used; WebAuthn: signCount
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class ExternalIdentity(Base):
    """A person as an OpenID Connect provider knows them."""

    __tablename__ = "external_identity"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime]


class Throttle(Base):
    """How often something was tried in vain, and until when nobody is listened to."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of what is throttled
    failures: Mapped[int]
    last_failed_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class Challenge(Base):
    """Something that may be answered once, until then; kept as its SHA-256."""

    __tablename__ = "challenge"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Door(Base):
    """An address at which another tool reports; its token is kept as SHA-256."""

    __tablename__ = "door"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    sender: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    label: Mapped[str] = mapped_column(String(120))
    process_id: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime]


class SecurityEvent(Base):
    """What was refused, and to whom; it has changed nothing, so it is no history."""

    __tablename__ = "security_event"
    __table_args__ = (Index("ix_security_event_at_id", "at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(40))
    actor_id: Mapped[str | None] = mapped_column(String(36))
    actor_name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(64))  # where the request came from
    route: Mapped[str] = mapped_column(String(200))
    detail: Mapped[str] = mapped_column(String(500))

"""Bundles: what is deployed, and what its owner edits."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.tables.columns import Base


class Deployment(Base):
    """One version of a bundle; never changed once written."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("bundle_id", "version"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    bundle_id: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(500))
    deployed_at: Mapped[datetime]
    deployed_by: Mapped[str] = mapped_column(String(120))


class DeploymentFile(Base):
    __tablename__ = "deployment_file"

    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ProcessDefinition(Base):
    """One diagram of a deployment."""

    __tablename__ = "process_definition"
    __table_args__ = (UniqueConstraint("process_id", "version"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"), index=True)
    process_id: Mapped[str] = mapped_column(String(120))
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    path: Mapped[str] = mapped_column(String(200))
    start_form_key: Mapped[str | None] = mapped_column(String(120))


class Draft(Base):
    """The next version of a bundle, while its owner edits it; one a bundle."""

    __tablename__ = "draft"

    bundle_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    based_on: Mapped[str] = mapped_column(ForeignKey("deployment.id"))
    version: Mapped[int] = mapped_column()
    saved_at: Mapped[datetime]
    saved_by: Mapped[str] = mapped_column(String(120))

    __mapper_args__ = {"version_id_col": version}


class DraftFile(Base):
    """A file that differs from the deployment on which the draft is based."""

    __tablename__ = "draft_file"

    bundle_id: Mapped[str] = mapped_column(ForeignKey("draft.bundle_id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)

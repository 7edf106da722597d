"""Brings the database's tables up to this release."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url

from engine.store.database import Database


def upgrade(database: Database) -> None:
    """Run every migration that is missing, in one transaction; make SQLite's folder if need be."""
    file = make_url(database.url).database
    if database.engine.dialect.name == "sqlite" and file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    with database.engine.begin() as connection:
        command.upgrade(config(connection), "head")


def config(connection: object) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings

"""Alembic's scripts, oldest first; a released one is never edited."""

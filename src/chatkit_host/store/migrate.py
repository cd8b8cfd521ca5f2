"""Brings a database to the schema of this release. Alembic is imported only when there is something to change.

A newer schema than this release knows is fine: migrations keep the release before them working, so that servers can be
replaced one by one.
"""

import asyncio
from dataclasses import replace
from importlib.resources import files
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from chatkit_host.store.address import Address, parse_address
from chatkit_host.store.database import Database, Read, Write
from chatkit_host.store.failures import is_missing_table

NEEDED = "0006"
"""The newest revision in `migrations/versions`; a test compares. Revisions are numbers of four digits."""

_BETWEEN = "\n;;\n"
_LOCK = 0x636B_686F_7374
_version = sa.table("alembic_version", sa.column("version_num", sa.Text))


async def migrate(place: str | Address) -> None:
    """Makes or updates the tables at an address, whoever else does the same at this moment.

    Raises `AddressError` or `DatabaseUnavailable`.
    """
    database = Database(_patient(parse_address(place) if isinstance(place, str) else place))
    try:
        revision = await current_revision(database)
        if revision is None and database.address.is_sqlite:
            await database.writing(lambda w: w.schema(_create))
            revision = await current_revision(database)
        if revision is None or revision < NEEDED:
            # Loading Alembic reads files; the migration itself runs where transactions run.
            await asyncio.to_thread(__import__, "alembic.command")
            await database.writing(upgrade)
    finally:
        await database.close()


def _patient(address: Address) -> Address:
    """A migration, or waiting for somebody else's, may take longer than any other statement."""
    patience = {"timeout": 60.0} if address.is_sqlite else {"command_timeout": None}
    return replace(address, connect_args=address.connect_args | patience)


async def current_revision_matches(database: Database) -> bool:
    """Whether the tables are at least what this release needs. Raises `DatabaseUnavailable`."""
    revision = await current_revision(database)
    return revision is not None and revision >= NEEDED


async def current_revision(database: Database) -> str | None:
    """None when nothing was ever migrated."""
    try:
        return await database.reading(_revision)
    except DBAPIError as error:
        if is_missing_table(error):
            return None
        raise


def _revision(r: Read) -> str | None:
    row = r.first(sa.select(_version.c.version_num))
    return None if row is None else row.version_num


def _create(connection: sa.Connection) -> None:
    """What all migrations together make of an empty file, for most people's first start: Alembic takes longer to load than that."""
    has_any = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").first()
    if has_any is None:
        for statement in fresh_sqlite().split(_BETWEEN):
            connection.exec_driver_sql(statement)


def fresh_sqlite() -> str:
    return files("chatkit_host.store.migrations").joinpath("fresh.sqlite.sql").read_text()


def fresh_sqlite_of(connection: sa.Connection) -> str:
    """What that file has to say, told by a database that was migrated step by step."""
    statements = connection.exec_driver_sql(
        r"SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'message_words_index\_%' ESCAPE '\' ORDER BY rowid"
    )
    return _BETWEEN.join([*(row.sql for row in statements), f"INSERT INTO alembic_version VALUES ('{NEEDED}')"]) + "\n"


def upgrade(w: Write) -> None:
    from alembic import command

    w.schema(_lock)
    w.schema(lambda connection: command.upgrade(configuration(connection), "head"))


def _lock(connection: sa.Connection) -> None:
    """Held until the transaction ends, not the session, which a pooler would give to somebody else. SQLite's writer is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def configuration(connection: sa.Connection | None = None) -> Any:
    """Alembic's `Config` for our migrations; they run on `connection`, inside its transaction."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "chatkit_host.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config

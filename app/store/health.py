"""Whether the database can be worked with."""

from sqlalchemy import text

from app.store.session import Store


async def read_revision(store: Store) -> str | None:
    """Return the schema's revision; the database's own error where it cannot be read."""
    async with store.read() as connection:
        row = (await connection.execute(text("SELECT version_num FROM alembic_version"))).first()
    return str(row[0]) if row is not None else None

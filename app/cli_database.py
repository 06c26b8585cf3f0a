"""How commands come to the database."""

from sqlalchemy.exc import DatabaseError

from app.settings import Settings, SettingsError
from app.store.migrate import bring_up_to_date


def bring_database_up_to_date(settings: Settings) -> str:
    """
    Bring the schema up to date; return its revision.

    Raises:
        SettingsError: The database cannot be used; one line says why.
    """
    try:
        return bring_up_to_date(settings.database_url)
    except (DatabaseError, OSError) as error:
        problem = str(getattr(error, "orig", error)).partition("\n")[0]
        raise SettingsError(f"DATABASE_URL: the database cannot be used: {problem}") from None

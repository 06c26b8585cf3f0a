"""
Runs the migrations on the connection that `app.store.migrate` opened.

There is no other way in: the service brings the schema up to date itself, under a lock.
"""

from typing import Any

from alembic import context

from app.store import (  # noqa: F401 - their tables join the metadata
    models_alarms,
    models_contract,
    models_jobs,
    models_operators,
    models_pauses,
    models_returns,
    models_shadow,
    models_skus,
    models_webhooks,
)
from app.store.models import Base, UtcDateTime


def render_item(type_: str, obj: Any, autogen_context: Any) -> str | bool:
    """Write plain types into new migrations, so that old ones never depend on today's code."""
    if type_ == "type" and isinstance(obj, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=False,
    render_as_batch=True,
    render_item=render_item,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()

"""The next version of this service: a copy of the tree with a newer number and a newer schema."""

import shutil
from pathlib import Path

from app import __version__
from app.store.migrate import known_revisions
from tests.chaos.replica import TREE

NEXT_VERSION = f"{__version__}.next"
NEXT_REVISION = "chaos_next"
_NEW_COLUMN = "packing_note"
_MIGRATION = f'''"""What a next release might add: a column and an index"""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT_REVISION}"
down_revision = "{known_revisions()[0]}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("orders", sa.Column("{_NEW_COLUMN}", sa.Text(), nullable=True))
    op.create_index("ix_orders_{_NEW_COLUMN}", "orders", ["{_NEW_COLUMN}"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_orders_{_NEW_COLUMN}", "orders")
    op.drop_column("orders", "{_NEW_COLUMN}")
'''
_LAST_COLUMN = "    follow_up_done_at: Mapped[datetime | None]\n"


def make_next_version(folder: Path) -> Path:
    """Write the next version below *folder* and return where its tree is."""
    tree = folder / "next"
    ignore = shutil.ignore_patterns("__pycache__")
    for part in ("app", "migrations"):
        shutil.copytree(TREE / part, tree / part, ignore=ignore)
    _edit(tree / "app" / "__init__.py", f'"{__version__}"', f'"{NEXT_VERSION}"')
    column = f"    {_NEW_COLUMN}: Mapped[str | None]\n"
    _edit(tree / "app" / "store" / "models.py", _LAST_COLUMN, _LAST_COLUMN + column)
    (tree / "migrations" / "versions" / f"{NEXT_REVISION}.py").write_text(_MIGRATION)
    return tree


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{path} is not as expected"
    path.write_text(text.replace(old, new))

"""How the command line and the API tell of entries of SKUs."""

from collections.abc import Sequence
from typing import Any

from app.store.sku_rules import SkuChanged, SkuRow


def tell_changes(changed: Sequence[SkuChanged], woken: int, *, is_rehearsal: bool = False) -> str:
    """Say in a sentence what became of a change."""
    if not changed:
        return "nothing was changed: every entry is so already"
    if is_rehearsal:
        return f"{len(changed)} entries would change; nothing was changed"
    return (
        f"{len(changed)} entries changed; every order is judged by them from now on; "
        f"{woken} orders that asked about them are tried again now"
    )


def sku_json(row: SkuRow) -> dict[str, Any]:
    """Return an entry for programs."""
    return {
        "marketplace_sku": row.marketplace_sku,
        "warehouse_sku": row.entry.warehouse_sku,
        "pack_mode": row.entry.pack_mode,
        "note": row.note,
        "updated_at": row.updated_at.isoformat(),
        "updated_by": row.updated_by,
    }

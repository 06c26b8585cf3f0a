"""What operators say of SKUs, at hand in this process and read again once it changed."""

from app.store.session import Store
from app.store.sku_rules import SkuTable, load_sku_table


class SkuBook:
    """
    The table as it was last read.

    It may be out of date: whatever is written down on the strength of it names its count, and is
    refused where the table has changed since (`SkuTableChanged`); then it is read again.
    """

    def __init__(self, store: Store) -> None:
        """Read nothing yet."""
        self._store = store
        self._table: SkuTable | None = None

    async def table(self) -> SkuTable:
        """Return the table, read now if it was not before or is known to have changed."""
        if self._table is None:
            self._table = await load_sku_table(self._store)
        return self._table

    def forget(self) -> None:
        """Have the table read again: it has changed."""
        self._table = None

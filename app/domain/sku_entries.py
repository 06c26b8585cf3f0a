"""What operators say of single SKUs (docs/rules/packs-and-prices.md)."""

from dataclasses import dataclass, replace

from app.domain.packs import parse_pack_mode

LONGEST_SKU = 200
LONGEST_NOTE = 1000


@dataclass(frozen=True, slots=True)
class SkuEntry:
    """What was said of one marketplace SKU; None leaves it to whatever is said elsewhere."""

    warehouse_sku: str | None = None
    pack_mode: str | None = None

    def over(self, other: "SkuEntry | None") -> "SkuEntry":
        """Return what holds where this entry goes before *other*, each member for itself."""
        if other is None:
            return self
        return SkuEntry(
            self.warehouse_sku or other.warehouse_sku, self.pack_mode or other.pack_mode
        )

    def __str__(self) -> str:
        """Say it as an operator reads it."""
        alias = f"is {self.warehouse_sku} at the warehouse" if self.warehouse_sku else ""
        mode = f"pack mode {self.pack_mode}" if self.pack_mode else ""
        return ", ".join(part for part in (alias, mode) if part) or "says nothing"


@dataclass(frozen=True, slots=True)
class SkuChange:
    """What one SKU is to be from now on; no entry removes it."""

    marketplace_sku: str
    entry: SkuEntry | None
    note: str = ""
    keeps: frozenset[str] = frozenset()
    """Members nothing is said about (`warehouse_sku`, `pack_mode`, `note`): they stay."""

    def after(self, before: SkuEntry | None) -> SkuEntry | None:
        """Return the entry as it is where *before* was said until now."""
        if self.entry is None or before is None:
            return self.entry
        kept = {name: getattr(before, name) for name in self.keeps - {"note"}}
        return replace(self.entry, **kept)


def check_sku(text: str) -> str:
    """
    Return a SKU without blanks around it.

    Raises:
        ValueError: It cannot be one; the text says why.
    """
    sku = text.strip()
    if not sku:
        raise ValueError("is empty; write the SKU")
    if len(sku) > LONGEST_SKU:
        raise ValueError(f"has {len(sku)} characters; a SKU has at most {LONGEST_SKU}")
    if not sku.isprintable():
        raise ValueError("holds a character that cannot be printed; write the SKU as it is shown")
    return sku


def check_entry(warehouse_sku: str | None, pack_mode: str | None) -> SkuEntry:
    """
    Return an entry of what an operator wrote; empty texts say nothing.

    Raises:
        ValueError: The member named cannot be right; the text says what can.
    """
    alias = (warehouse_sku or "").strip() or None
    mode = (pack_mode or "").strip() or None
    if alias is not None:
        try:
            alias = check_sku(alias)
        except ValueError as problem:
            raise ValueError(f"warehouse_sku: {problem}") from None
    if mode is not None:
        try:
            mode = str(parse_pack_mode(mode))
        except ValueError as problem:
            raise ValueError(f"pack_mode: {problem}; for example factor:6") from None
    return SkuEntry(alias, mode)


def check_note(text: str | None) -> str:
    """
    Return why an entry is as it is.

    Raises:
        ValueError: It is too long.
    """
    note = " ".join((text or "").split())
    if len(note) > LONGEST_NOTE:
        raise ValueError(f"note: has {len(note)} characters; at most {LONGEST_NOTE} are kept")
    return note

"""How two payloads differ, member by member."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One member of which the two say different things; None where one has no such member."""

    path: str
    before: Any = field(repr=False)
    after: Any = field(repr=False)

    def __str__(self) -> str:
        """Say it in a line."""
        return f"{self.path}: {_tell(self.before)} -> {_tell(self.after)}"


def find_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return every member that differs, in the order of *after*, then those that are gone."""
    old, new = dict(_walk("", before)), dict(_walk("", after))
    paths = [*new, *(path for path in old if path not in new)]
    return tuple(
        Difference(path, old.get(path), new.get(path))
        for path in paths
        if old.get(path) != new.get(path)
    )


def _walk(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _walk(f"{path}.{name}" if path else str(name), member)
    elif isinstance(value, list | tuple):
        for index, member in enumerate(value):
            yield from _walk(f"{path}[{index}]", member)
    else:
        yield path, value


def _tell(value: Any) -> str:
    return "(nothing)" if value is None else repr(value)

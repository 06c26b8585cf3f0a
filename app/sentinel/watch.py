"""
Compares what came with what is known, and notes the difference.

It stands where bodies are parsed and must never be the reason that one is not: whatever a body
holds, nothing is raised.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from app.jsonapi import normalise_type
from app.sentinel.form import KnownForm, Shape
from app.sentinel.sightings import Kind, Sightings, describe

_EVENT = "event"

log = structlog.get_logger(__name__)


class Watch:
    """Looks at one company's answers."""

    def __init__(self, form: KnownForm, sightings: Sightings) -> None:
        """Hold what comes against *form*, and note the rest in *sightings*."""
        self._form = form
        self._sightings = sightings
        self._is_broken = False

    def look(self, place: str, value: Any, where: str) -> None:
        """
        Note what *value*, one object of the kind *place* or a list of them, holds besides.

        *where* names the operation it came with.
        """
        try:
            self._look(place, value, where)
        except Exception as trouble:  # a watcher never costs an order
            self._stumble(trouble)

    def look_at_document(
        self, document: Any, where: str, *, data_place: str | None = None, sees_event: bool = False
    ) -> None:
        """Do so with a JSON:API document; *data_place* where its data are no resources."""
        try:
            self._look_at_document(document, where, data_place, sees_event)
        except Exception as trouble:  # a watcher never costs an order
            self._stumble(trouble)

    def _stumble(self, trouble: Exception) -> None:
        if not self._is_broken:
            log.error("contract.watch_failed", error=type(trouble).__name__)
        self._is_broken = True

    def _look_at_document(
        self, document: Any, where: str, data_place: str | None, sees_event: bool
    ) -> None:
        if not isinstance(document, dict):
            return
        self._look("answer", document, where)
        data = document.get("data")
        if data_place is not None:
            self._look(data_place, data, where)
        else:
            self._look_at_resources(data, "data", where)
        self._look_at_resources(document.get("included"), "included", where)
        if sees_event and isinstance(meta := document.get("meta"), dict):
            self._look(_EVENT, meta.get("event"), where)

    def _look_at_resources(self, entries: Any, member: str, where: str) -> None:
        for entry in entries if isinstance(entries, list) else [entries]:
            if not isinstance(entry, dict):
                continue
            kind = normalise_type(entry.get("type"))
            shape = self._form.shapes.get(kind)
            if shape is None or kind not in self._form.words("resource", "type"):
                self._look("resource", {**entry, "type": kind}, f"{where}, {member}")
                continue
            self._note_unknown_fields("resource", self._form.shapes["resource"], entry, where)
            self._look(kind, entry.get("attributes"), where)
            relationships = entry.get("relationships")
            if isinstance(relationships, dict) and not relationships.keys() <= shape.relationships:
                for name in relationships.keys() - shape.relationships:
                    if "-" not in name:  # nested include paths are spelled out so
                        self._note_field(kind, name, relationships[name], where)

    def _look(self, place: str, value: Any, where: str) -> None:
        shape = self._form.shapes[place]
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                self._look_at_object(place, shape, one, where)

    def _look_at_object(
        self, place: str, shape: Shape, content: Mapping[str, Any], where: str
    ) -> None:
        if self._form.ignores_case:
            content = {name.casefold(): value for name, value in content.items()}
        self._note_unknown_fields(place, shape, content, where)
        for name, nested in shape.objects.items():
            if name in content:
                self._look(nested, content[name], where)
        for name, words in shape.values.items():
            value = content.get(name)
            if value is not None and not (isinstance(value, str) and value in words):
                self._look_at_words(place, name, words, value, where)

    def _look_at_words(
        self, place: str, name: str, words: frozenset[str], value: Any, where: str
    ) -> None:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and one and one not in words:
                if place == _EVENT:
                    self._sightings.note(Kind.EVENT, place, one, where)
                else:
                    self._sightings.note(Kind.VALUE, f"{place}.{name}", one, where)

    def _note_unknown_fields(
        self, place: str, shape: Shape, content: Mapping[str, Any], where: str
    ) -> None:
        if not content.keys() <= shape.names:  # the usual case builds no set
            for name in content.keys() - shape.names:
                self._note_field(place, name, content[name], where)

    def _note_field(self, place: str, name: str, value: Any, where: str) -> None:
        self._sightings.note(Kind.FIELD, place, name, f"{where}: {describe(value)}")

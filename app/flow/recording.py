"""Packing what a step was told and decided, to be committed with its attempt."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic_core import PydanticSerializationError

from app.flow.moves import Move
from app.flow.notebook import Notebook
from app.step_record import Decided, SettingsInForce, StepRecord, as_quoted, pack, tell_error
from app.store.session import Store

KEEP_AGAIN = timedelta(days=1)
"""Settings in use are kept anew so often, or they would be pruned as long out of use."""

log = structlog.get_logger(__name__)


class StepRecorder:
    """Packs the step records of one process, with the settings in force."""

    def __init__(
        self, store: Store, in_force: Callable[[], SettingsInForce], secrets: Sequence[str]
    ) -> None:
        """Ask *in_force* for the settings of each step; mask *secrets* in whatever is kept."""
        self._store = store
        self._in_force = in_force
        self._secrets = as_quoted(secrets)
        self._kept_at: dict[str, datetime] = {}

    def pack(self, record: StepRecord) -> tuple[bytes | None, SettingsInForce | None]:
        """Return *record* packed, and the settings where they have yet to be kept."""
        settings = self._in_force()
        record.settings = settings.digest
        try:
            packed = pack(record, self._secrets)
        except (PydanticSerializationError, UnicodeEncodeError) as error:
            # Text that no database takes either; the step itself must not fail for it.
            log.warning("record.not_packed", error=type(error).__name__)
            return None, None
        kept_at = self._kept_at.get(settings.digest)
        is_kept = kept_at is not None and self._store.now() - kept_at < KEEP_AGAIN
        return packed, None if is_kept else settings

    def note_kept(self, settings: SettingsInForce | None) -> None:
        """Note that *settings* are committed."""
        if settings is not None:
            self._kept_at[settings.digest] = self._store.now()


def decided(desk: Notebook, *, move: Move | None = None, error: Exception | None = None) -> Decided:
    """Return what a step at *desk* decided, as it is recorded and compared."""
    return Decided(
        move=_tell_move(move) if move is not None else None,
        error=tell_error(error) if error is not None else None,
        noted=dict(desk.noted),
        noted_placing=dict(desk.noted_placing),
        noted_shadow=dict(desk.noted_shadow),
        warnings=tuple(desk.warnings),
        settles_shipments=desk.settles_shipments,
    )


def _tell_move(move: Move) -> dict[str, Any]:
    return {"kind": type(move).__name__, **asdict(move)}

"""
Structured logs: one JSON object a line, with nothing secret and nothing personal in it.

Events are named `noun.past_tense`, fields after the columns they come from. Exceptions are
logged as their type and the lines they passed through, never as their text: an exception's text
can quote what somebody sent.
"""

import asyncio
import json
import logging
import re
import sys
import traceback
from collections.abc import Iterable, MutableMapping
from functools import lru_cache
from typing import Any, Literal

import structlog

MASK = "[hidden]"
_HIDDEN_KEYS = re.compile(
    r"secret|password|token|authorization|signature|cookie|api_key|email|phone|street|address|"
    r"postal|city|recipient|retailer|raw_body|payload|detail",
    re.IGNORECASE,
)
_QUOTE_CHARACTERS = 8
"""What an error says in fewer is found in ordinary words too, and is left alone."""
_EXEMPT_KEYS = frozenset({"fencing_token"})
_encode = json.JSONEncoder(default=repr).encode


@lru_cache(maxsize=1024)
def _is_hidden(key: str) -> bool:
    """Tell whether a field of this name is masked whatever it holds; few names ever occur."""
    return key not in _EXEMPT_KEYS and _HIDDEN_KEYS.search(key) is not None


class Redaction:
    """Masks known secrets wherever they stand, and every field whose name tells what it holds."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Know *secrets* by value; very short ones would mask ordinary text and are left out."""
        values = sorted({value for value in secrets if len(value) >= 6}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, values))) if values else None

    def __call__(
        self, logger: Any, method_name: str, event_dict: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Return *event_dict* with everything hidden that must not be read."""
        for key, value in event_dict.items():
            if _is_hidden(key):
                event_dict[key] = MASK
            elif isinstance(value, str):
                event_dict[key] = self._mask(value)
            elif value is not None and not isinstance(value, bool | int | float):
                event_dict[key] = self._mask(str(value))
        return event_dict

    def _mask(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text


def render_exception(
    logger: Any, method_name: str, event_dict: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace `exc_info` by the exception's type and the places it passed through."""
    exc_info = event_dict.pop("exc_info", None)
    if not exc_info:
        return event_dict
    error = exc_info if isinstance(exc_info, BaseException) else sys.exc_info()[1]
    if isinstance(exc_info, tuple):
        error = exc_info[1]
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-8:]
        event_dict["error"] = type(error).__name__
        event_dict["event"] = _without_words_of(error, str(event_dict.get("event", "")))
        event_dict["passed_through"] = " > ".join(
            f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}:{frame.name}" for frame in frames
        )
    return event_dict


class _StandardOutput:
    """Takes finished lines; cheaper than a record of the standard library's for each."""

    flushing_loop: asyncio.AbstractEventLoop | None = None
    """The event loop that has a flush before it."""

    def info(self, line: str) -> None:
        """Write *line* with all others of this turn of the event loop; at once outside of one."""
        sys.stdout.write(line + "\n")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            sys.stdout.flush()
            return
        if _StandardOutput.flushing_loop is not loop:
            _StandardOutput.flushing_loop = loop
            loop.call_soon(_flush)

    def msg(self, line: str) -> None:
        """Write *line* now, to whatever standard output is now."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    debug = warning = error = critical = msg


def _flush() -> None:
    _StandardOutput.flushing_loop = None
    sys.stdout.flush()


def _without_words_of(error: BaseException, text: str) -> str:
    """Take what *error* says out of *text*: the event loop's own messages quote it."""
    for words in (repr(error), str(error)):
        if len(words) >= _QUOTE_CHARACTERS:
            text = text.replace(words, type(error).__name__)
    return text


def configure_logs(log_format: Literal["json", "console"], secrets: Iterable[str] = ()) -> None:
    """Send every log line of the process, libraries included, to standard output as one form."""
    renderer: Any = (
        structlog.processors.JSONRenderer(lambda line, **_: _encode(line))
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        render_exception,
        Redaction(secrets),
    ]
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=lambda *_: _StandardOutput(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ("httpx", "httpcore", "aiosqlite", "uvicorn.access", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = True

"""The effective settings for the eyes of operators; no secret among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from sqlalchemy.engine import make_url

from app.settings import Settings

_HIDDEN = "set, hidden"
_UNSET = "not set"


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """One setting as it holds now, and whether that is what it is without a word."""

    name: str
    value: str
    is_default: bool


def show_settings(settings: Settings) -> Sequence[ShownSetting]:
    """Return every setting by its name; a secret only as set or not set."""
    return [
        ShownSetting(
            name.upper(),
            _text_of(name, getattr(settings, name)),
            getattr(settings, name) == field.get_default(),
        )
        for name, field in type(settings).model_fields.items()
    ]


def _text_of(name: str, value: Any) -> str:
    if isinstance(value, SecretStr):
        return _HIDDEN if value.get_secret_value() else _UNSET
    if isinstance(value, tuple) and value and isinstance(value[0], SecretStr):
        return f"{len(value)} {_HIDDEN}"
    if name == "database_url":
        return _without_password(str(value))
    if value in (None, "", (), {}):
        return _UNSET
    if isinstance(value, dict):
        return ", ".join(f"{key}: {entry}" for key, entry in value.items())
    if isinstance(value, tuple):
        return ", ".join(value)
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _without_password(database_url: str) -> str:
    """Hide what may be secret in an address; a query may hold a password too."""
    url = make_url(database_url)
    hidden = url.set(query=dict.fromkeys(url.query, "***"))
    return hidden.render_as_string(hide_password=True)

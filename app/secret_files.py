"""
Secrets from files, as container platforms mount them: `NAME_FILE` names the file of `NAME`.

Only settings that are secret, or hold one, can be read so. Where several are allowed, each may
stand on a line of its own.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

SUFFIX = "_file"
MAX_BYTES = 65_536


class SecretFileError(Exception):
    """A file of a secret cannot be used; the text is the one line to show."""


class SecretFiles(PydanticBaseSettingsSource):
    """Gives the settings *names* from the files that `NAME_FILE` tells, in any of *sources*."""

    def __init__(
        self,
        settings_class: type[BaseSettings],
        names: Iterable[str],
        sources: Iterable[PydanticBaseSettingsSource],
    ) -> None:
        """Look for `NAME_FILE` where the other settings come from, the strongest first."""
        super().__init__(settings_class)
        self._names = tuple(names)
        self._given = [
            source.env_vars for source in sources if isinstance(source, EnvSettingsSource)
        ]

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return what a field's file holds, by the interface of settings sources."""
        return self._read(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """
        Return what all files hold.

        Raises:
            SecretFileError: A file cannot be read, or the setting is given directly as well.
        """
        read = {name: self._read(name) for name in self._names}
        return {name: text for name, text in read.items() if text is not None}

    def _read(self, name: str) -> str | None:
        path = _first(self._given, name + SUFFIX)
        if path is None:
            return None
        told = f"{name}{SUFFIX}".upper()
        if _first(self._given, name) is not None:
            raise SecretFileError(f"{told}: {name.upper()} is set as well; keep one of the two")
        try:
            with Path(path).open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
            text = raw.decode("utf-8").strip()
        except (OSError, ValueError) as error:
            problem = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise SecretFileError(f"{told}: {path} cannot be read: {problem}") from None
        if not text or len(raw) > MAX_BYTES:
            problem = "is longer than 64 KiB" if text else "is empty"
            raise SecretFileError(f"{told}: {path} {problem}; put the secret alone into it")
        lines = text.splitlines()
        if len(lines) > 1 and not isinstance(self.settings_cls.model_fields[name].default, tuple):
            problem = "has several lines"
            raise SecretFileError(f"{told}: {path} {problem}; put the secret alone into it")
        return ",".join(lines)


def _first(given: Iterable[Mapping[str, str | None]], name: str) -> str | None:
    return next((value for values in given if (value := values.get(name))), None)

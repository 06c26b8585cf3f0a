"""
The settings in force, without secrets, as they are kept with what was decided under them.

A step is rehearsed under the settings of then, so that what differs is the code's doing. What a
newer version asks besides is taken from today's settings.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from app.active_ants.client import ActiveAntsWarehouse
from app.domain.policy import Policy
from app.policy_file import parse_policy, read_policy_text
from app.settings import SECRETS, Settings
from app.step_record import SettingsInForce

_NO_CONCERN = (
    "alert_",
    "smtp_",
    "otel_",
    "operator_",
    "trusted_",
    "log_",
    "ankorstore_client_id",
    "active_ants_username",
    "policy_file",
)
"""Beginnings of names of settings that no decision about an order comes from, or who logs in."""


def watch_settings(
    settings: Settings, warehouse: ActiveAntsWarehouse, left_shadow_at: datetime | None = None
) -> Callable[[], SettingsInForce]:
    """Return what tells the settings in force: those of this process, and the lists in use."""
    plain = {
        name: value
        for name, value in settings.model_dump(mode="json", exclude=set(SECRETS)).items()
        if not name.startswith(_NO_CONCERN)
    }
    fixed = {
        "settings": plain,
        "policy": read_policy_text(settings.policy_file),
        "left_shadow_at": left_shadow_at.isoformat() if left_shadow_at is not None else None,
    }
    known: dict[int, tuple[Mapping[str, Any] | None, SettingsInForce]] = {}

    def in_force() -> SettingsInForce:
        lists = warehouse.settings_content
        found = known.get(id(lists))
        if found is None or found[0] is not lists:
            known.clear()
            found = known[id(lists)] = (lists, _take({**fixed, "lists": lists}))
        return found[1]

    return in_force


def _take(content: Mapping[str, Any]) -> SettingsInForce:
    text = json.dumps(content, sort_keys=True)
    return SettingsInForce(hashlib.sha256(text.encode()).hexdigest(), content)


def settings_of_then(content: Mapping[str, Any], today: Settings) -> Settings:
    """Return the settings that *content* tells, with today's for what it does not tell."""
    then = {k: v for k, v in content["settings"].items() if k in Settings.model_fields}
    return Settings(_env_file=None, **{**today.model_dump(), **then})


def policy_of_then(content: Mapping[str, Any]) -> Policy:
    """
    Return the brand's policy that *content* tells.

    Raises:
        PolicyError: This version cannot use it.
    """
    text = content["policy"]
    return Policy() if text is None else parse_policy(text, "the recorded policy")

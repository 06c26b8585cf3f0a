"""`.env.example` tells every setting, and nothing that is none."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

from app.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".env.example"
OF_COMPOSE = {"COMPOSE_PROFILES", "PUBLISH_ON", "POSTGRES_PASSWORD", "WORKERS"}
ASSIGNMENT = re.compile(r"^#?(?P<name>[A-Z][A-Z0-9_]*)=", re.MULTILINE)
NOTHING = (None, "", (), {}, SecretStr(""))


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def named() -> list[str]:
    return ASSIGNMENT.findall(EXAMPLE.read_text("utf-8"))


def uncommented(folder: Path) -> Path:
    """Write the file with every setting switched on that is for real companies."""
    path = folder / "all.env"
    text = EXAMPLE.read_text("utf-8").replace("#CLOCK_URL=", "#")
    path.write_text(ASSIGNMENT.sub(r"\g<name>=", text), "utf-8")
    return path


def test_every_setting_is_in_the_file_once_and_nothing_else_is() -> None:
    """Settings of the service and names of the compose file, each exactly once."""
    settings = {name.upper() for name in Settings.model_fields}

    assert sorted(named()) == sorted(settings | OF_COMPOSE)


def test_the_compose_file_asks_for_no_other_name() -> None:
    """What docker-compose.yml fills in is in the file; COMPOSE_PROFILES is read by Compose."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")

    asked_for = set(re.findall(r"\$\{(\w+)", text))

    assert asked_for == OF_COMPOSE - {"COMPOSE_PROFILES"}


def test_every_setting_is_explained() -> None:
    """Above a setting stands a comment, or another setting that shares it."""
    lines = EXAMPLE.read_text("utf-8").splitlines()

    for above, line in pairwise(lines):
        if ASSIGNMENT.match(line):
            assert above.startswith("# ") or ASSIGNMENT.match(above), line


def test_a_copy_of_the_file_changes_no_default() -> None:
    """What is empty or commented out stands for the default."""
    assert load_settings(_env_file=EXAMPLE) == load_settings(_env_file=None)


def test_what_is_shown_is_the_default_or_a_right_example(tmp_path: Path) -> None:
    """Each commented value loads, and where a setting has a default, it is that."""
    shown = load_settings(_env_file=uncommented(tmp_path))

    for name, field in Settings.model_fields.items():
        if field.default not in NOTHING:
            assert getattr(shown, name) == field.default, name


def test_no_secret_is_set() -> None:
    """A copy of the file holds no password that anybody could know."""
    secrets = [name for name in named() if re.search("SECRET|PASSWORD|TOKEN$", name)]
    values = dotenv_values(EXAMPLE)

    assert [values.get(name) for name in secrets if "_PATH_" not in name] == [""] * 6

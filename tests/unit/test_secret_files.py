"""Secrets from files: what is read, and one line for each thing that can be wrong."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.settings import SECRETS, Settings, SettingsError, load_settings
from tests.command_line import forget_settings

CANARY = "canary-7f3a91"
GOOD = {
    "alert_webhook_url": "https://chat.example/hooks/1",
    "deadman_url": "https://watch.example/ping/1",
    "database_url": "postgresql://user:pass@db/antbridge",
    "encryption_key": "4sVv5uQJb0mZ0e3cTq7yH1kXn8wR2aLd6fGp9iUoB5E=",
}


@pytest.fixture(autouse=True)
def empty_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Start with no setting in the environment and no `.env` in the folder."""
    forget_settings(monkeypatch, tmp_path)


def _file(folder: Path, text: str) -> str:
    path = folder / "secret"
    path.write_text(text, "utf-8")
    return str(path)


def test_every_secret_setting_can_come_from_a_file() -> None:
    """And no setting is secret without being named."""
    secret = {
        name
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert secret | {"database_url"} == set(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_read_from_the_file_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Blanks and the line's end around the secret do not count."""
    wanted = GOOD.get(name, "from-a-file")
    monkeypatch.setenv(f"{name.upper()}_FILE", _file(tmp_path, f" {wanted}\n"))
    value = getattr(load_settings(), name)
    assert value in (wanted, SecretStr(wanted), (SecretStr(wanted),))


def test_read_from_the_file_that_the_env_file_names(tmp_path: Path) -> None:
    """The variable may stand in `.env`."""
    Path(".env").write_text(f"OPERATOR_TOKEN_FILE={_file(tmp_path, CANARY)}\n", "utf-8")
    assert load_settings().operator_token == SecretStr(CANARY)


def test_several_secrets_stand_on_lines_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where several are allowed."""
    monkeypatch.setenv("ANKORSTORE_WEBHOOK_SECRETS_FILE", _file(tmp_path, "new\r\nold\n"))
    assert load_settings().ankorstore_webhook_secrets == (SecretStr("new"), SecretStr("old"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"{CANARY}\n{CANARY}\n", "has several lines; put the secret alone into it"),
        (" \n", "is empty; put the secret alone into it"),
        (CANARY * 6000, "is longer than 64 KiB; put the secret alone into it"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str, problem: str
) -> None:
    """The file is named, what it holds is not."""
    path = _file(tmp_path, content)
    monkeypatch.setenv("OPERATOR_TOKEN_FILE", path)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == f"OPERATOR_TOKEN_FILE: {path} {problem}"


def test_a_missing_file_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the operating system's words."""
    monkeypatch.setenv("OPERATOR_TOKEN_FILE", "/nowhere/token")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    told = "OPERATOR_TOKEN_FILE: /nowhere/token cannot be read: No such file or directory"
    assert str(caught.value) == told


def test_bytes_that_are_no_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file of another kind was named."""
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("OPERATOR_TOKEN_FILE", str(tmp_path / "key"))
    with pytest.raises(SettingsError, match="cannot be read: it is no UTF-8 text"):
        load_settings()


def test_given_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody should have to guess which one holds, wherever each of them stands."""
    monkeypatch.setenv("OPERATOR_TOKEN_FILE", _file(tmp_path, CANARY))
    Path(".env").write_text("OPERATOR_TOKEN=another\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value) == (
        "OPERATOR_TOKEN_FILE: OPERATOR_TOKEN is set as well; keep one of the two"
    )

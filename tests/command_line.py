"""Running `antbridge` in a test's own process, with no settings but those the test gives."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.cli import main
from app.settings import Settings

Run = Callable[..., tuple[int, str, str]]
"""Takes the words of a command; gives exit status, standard output and standard error."""


def forget_settings(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Take every setting out of the environment, and work in *folder*, where no `.env` is."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)
    monkeypatch.chdir(folder)


@contextmanager
def command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *first: str
) -> Iterator[Run]:
    """Give what runs commands that begin with *first*; what is done on SIGTERM stays as it was."""
    terminate = signal.getsignal(signal.SIGTERM)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["antbridge", *first, *words])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    yield run
    signal.signal(signal.SIGTERM, terminate)

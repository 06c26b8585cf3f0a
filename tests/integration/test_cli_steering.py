"""Pauses, schedules and events from the command line, with the service down."""

import getpass
import re
from typing import Any

from app.domain.jobs import JOB_NAMES
from app.store.inbox import Inbox
from app.store.models import Event
from app.store.pauses import list_ended, load_pauses
from app.store.schedules import load_schedules
from app.store.session import Store
from tests.integration.test_cli import Run, filled, run  # noqa: F401 - fixtures
from tests.store_rows import ORDER_ID, attempts_of, make_event, rows_of

ME = f"{getpass.getuser()} (command line)"


def test_pause_and_resume(run: Run, filled: Any) -> None:  # noqa: F811
    """Each says what it means; twice changes nothing; a reason is asked for."""
    status, out, _ = run("pause", "placing", "--reason", "stock-taking")
    assert status == 0
    assert f"by {ME} (stock-taking). Nothing is placed" in out
    assert "paused already" in run("pause", "placing", "--reason", "again")[1]
    assert "placing: placing is paused since" in run("pauses")[1]
    assert [one.reason for one in filled(load_pauses).values()] == ["stock-taking"]

    assert "0 orders that waited" in run("resume", "placing", "--reason", "counted")[1]
    assert [one.reason for one in filled(lambda store: list_ended(store, 5))] == ["counted"]
    assert run("resume", "placing") == (0, "placing was not paused; nothing changed.\n", "")
    assert run("pauses")[1] == "nothing is paused\n"
    for wrong in (("pause", "placing"), ("pause", "x", "--reason", "y"), ("resume", "x")):
        assert run(*wrong)[0] == 2
    status, _, err = run("pause", "placing", "--reason", " ")
    assert (status, "--reason: is empty" in err) == (2, True)
    assert filled(load_pauses) == {}


def test_schedules(run: Run, filled: Any) -> None:  # noqa: F811
    """Listed, paused, refused while paused, resumed and run."""
    status, out, _ = run("schedules", "list")
    assert status == 0
    assert [line.split(":")[0] for line in out.splitlines() if line[0] != " "] == list(JOB_NAMES)

    assert "It is paused since" in run("schedules", "pause", "returns", "--reason", "why")[1]
    status, _, err = run("schedules", "run", "returns")
    assert (status, "antbridge schedules resume returns" in err) == (1, True)
    assert "as soon as a worker is free" in run("schedules", "resume", "returns")[1]
    status, out, _ = run("schedules", "run", "returns", "--reason", "a label is missing")
    assert status == 0
    decided = [line.strip() for line in out.splitlines()[2:]]
    assert [re.sub(r"\d{4}-\S+ \S+ UTC", "AT", line) for line in decided] == [
        f"run out of turn AT by {ME}: a label is missing",
        f"resumed AT by {ME}",
        f"paused AT by {ME}: why",
    ]
    assert out in run("schedules", "list")[1]
    assert filled(load_schedules)["returns"].paused_at is None
    assert run("schedules", "run", "nonsense")[0] == 2


def test_events(run: Run, filled: Any) -> None:  # noqa: F811
    """Listed without bodies, shown with one on demand, replayed, a window only when confirmed."""

    async def come_in(store: Store) -> int:
        for number in range(2):
            await Inbox(store).store_event(make_event(f"e{number}", raw_body=b"Ina Smit"))
        return int((await rows_of(store, Event))[0].order_id)

    order_id = filled(come_in)
    events = filled(lambda store: rows_of(store, Event))

    status, out, err = run("events", "list", "--limit", "1")
    assert (status, out.count("\n"), "Ina" in out) == (0, 1, False)
    assert f"--after {events[1].id}" in err
    assert "e0" in run("events", "list", "--after", str(events[1].id))[1]
    shown = str(events[0].id)
    assert "Ina" not in run("events", "show", shown)[1]
    assert "Ina Smit" in run("events", "show", shown, "--body")[1]
    assert run("events", "show", "999")[0] == 2
    assert run("events", "list", "--disposition", "duplicate")[0] == 2

    assert run("events", "replay", shown, "--reason", "lost")[0] == 0
    window = ("events", "replay-window", "--since", "2020-01-01", "--until", "2999-01-01")
    status, out, err = run(*window)
    assert (status, out, "--yes" in err) == (1, "2 events name 1 orders\n", True)
    assert run(*window, "--yes")[0] == 0
    told = [row.message for row in filled(lambda store: attempts_of(store, order_id))]
    assert told[0] == f"event order.brand_created replayed by {ME}: lost"
    assert len(told) == 2
    assert ORDER_ID in run("events", "list")[1]
    assert run(*window[:2], "--since", "2020-01-02", "--until", "2020-01-01")[0] == 2

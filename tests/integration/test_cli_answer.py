"""The command line for answers and for the policy: what is printed, decided, and returned."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_cli import SERVICE, Run, filled, run
from tests.integration.test_operations_answer import held
from tests.store_rows import attempts_of, order_id_of, order_row

__all__ = ["filled", "run"]

BAD = '[reason.pack_mode_unconfirmed]\naction = "accept"\n'
GOOD = '[reason.stock_short]\naction = "partial"\nminimum_value_share = 0.5\n'
VERDICT = {
    "kind": "partial",
    "remark": "",
    "value_share": 0.75,
    "findings": [
        {
            "reason": "stock_short",
            "field": "SKU TOTE",
            "detail": "needs 4, has 3",
            "line_id": "",
            "action": "partial",
            "by": "the policy",
            "since": "2026-03-02T09:00:00+00:00",
        }
    ],
    "pack_quantities": {"line-1": 3, "line-2": 0},
    "needed": {"TOTE": 4, "NEW": 1, "ODD": 2},
    "facts": {
        "TOTE": {"is_known": True, "stock_pieces": 3},
        "NEW": {"is_known": False, "stock_pieces": None},
        "ODD": {"is_known": True, "stock_pieces": None},
    },
}


def test_decisions(run: Run, filled: Any) -> None:
    """Each command says what happens next, writes who and why, and refuses what is impossible."""
    order_id = filled(lambda store: held(store, "stock_short", marketplace_reference="R1"))

    assert run("orders", "accept", "R1", "--reason", "they agreed") == (
        0,
        "it is accepted next, if nothing new is found\n",
        "",
    )
    assert run("orders", "accept", "R1", "--reason", "x")[1].startswith("that was decided before")
    status, out, err = run("orders", "hold", "R1", "--reason", "wait")
    assert (status, err) == (0, "")
    assert "until it is released" in out
    assert run("orders", "release", "R1", "--reason", "x")[:2] == (
        0,
        "it is judged again now, by the policy\n",
    )
    assert run("orders", "release", "R1", "--reason", "x")[:2] == (0, "nothing holds it\n")
    status, out, err = run("orders", "reject", "R1", "--type", "TOO_FAR", "--reason", "x")
    assert (status, out) == (1, "")
    assert "use one of BRAND_ALREADY_HAS_CUSTOMER_IN_THE_AREA" in err
    assert run("orders", "reject", "R1", "--type", "OTHER", "--reason", "too far")[0] == 0
    row = filled(lambda store: order_row(store, order_id))
    assert row.decision == {
        "kind": "reject",
        "reject_type": "OTHER",
        "reject_reason": "too far",
    }
    told = [row.message for row in filled(lambda store: attempts_of(store, order_id))]
    assert [message.partition(" by ")[0] for message in told] == [
        "to be accepted, decided",
        "held",
        "released",
        "to be rejected as OTHER, decided",
    ]
    assert all("(command line)" in message for message in told)


def test_an_accept_that_settles_nothing(run: Run, filled: Any) -> None:
    filled(lambda store: held(store, "post_box", marketplace_reference="R1"))

    status, out, err = run("orders", "accept", "R1", "--partial", "--reason", "x")

    assert (status, out) == (1, "")
    assert err.startswith("antbridge: The delivery address is a post box")
    assert err.endswith("possible now: reject, hold, retry, correct, close\n")


@pytest.mark.parametrize("command", [("orders", "show"), ("why",)])
def test_the_verdict_is_told(run: Run, filled: Any, command: tuple[str, ...]) -> None:
    """Kind, share, findings with what is done about each, lines that change, pieces and stock."""
    filled(lambda store: held(store, "stock_short", verdict=VERDICT, verdict_at=store.now()))

    _, out, _ = run(*command, order_id_of(1))

    for line in (
        "UTC: partial: a part of the order can be sent (75% of its value).",
        "[SKU TOTE: needs 4, has 3] → partial, says the policy",
        "line line-1: 3 packs",
        "line line-2: left out",
        "TOTE: 4 needed, 3 there",
        "NEW: 1 needed, not known at the warehouse",
        "ODD: 2 needed, stock unknown",
    ):
        assert line in out


def test_policy_check(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 with sentences, 1 with every error, 2 where there is no such file; POLICY_FILE is used."""
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "bad.toml").write_text(BAD + "[reason.x]\n")

    status, out, err = run("policy", "check", "good.toml")
    assert (status, err) == (0, "")
    assert out.startswith("The policy of good.toml:\n  stock_short: the lines concerned are left")
    assert "  post_box: may be hold, reject\n" in "  " + out
    status, out, err = run("policy", "check", "bad.toml")
    assert (status, out) == (1, "")
    first, second = err.splitlines()
    assert first.startswith("antbridge: bad.toml, line 2: reason.pack_mode_unconfirmed.action")
    assert second.startswith("antbridge: bad.toml, line 3: reason.x: no such reason")
    assert run("policy", "check", "none.toml") == (2, "", "antbridge: there is no file none.toml\n")
    assert run("policy", "check")[1].startswith("No POLICY_FILE is set; the defaults hold:\n")
    monkeypatch.setenv("POLICY_FILE", "good.toml")
    monkeypatch.setenv("ACCEPT_MODE", "manual")
    status, out, _ = run("policy", "check")
    assert (status, out.startswith("The policy of good.toml:")) == (0, True)
    assert "ACCEPT_MODE is manual" in out


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_bad_policy_stops_the_start(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """One line with file, line, key and what may stand there; nothing is started."""
    (tmp_path / "bad.toml").write_text(BAD)
    for name, value in {**SERVICE, "POLICY_FILE": "bad.toml"}.items():
        monkeypatch.setenv(name, value)

    status, out, err = run(command)

    assert (status, out) == (2, "")
    assert err == (
        "antbridge: POLICY_FILE: bad.toml, line 2: reason.pack_mode_unconfirmed.action: 'accept' "
        "is not possible for this reason; allowed: hold; `antbridge policy check` tells all there "
        "is\n"
    )
    assert not (tmp_path / "data").exists()

"""The console names its buttons where a sentence names the command that does the same."""

import pytest

from app.domain.reasons import REASONS, Reason
from app.web.console.button_words import tell_words, without_commands


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        (
            "Release it with `antbridge orders release ORDER --reason WHY`, or reject it.",
            "Release it with <strong>Release</strong>, or reject it.",
        ),
        (
            "Accept it (`antbridge orders accept ORDER --reason WHY`, with `--partial`).",
            "Accept it (<strong>Accept</strong> or <strong>Accept a part</strong>).",
        ),
        (
            "What to do: antbridge orders retry R1",
            "What to do: <strong>Retry</strong>",
        ),
        (
            "Look with `antbridge orders preview ORDER`, then `antbridge returns open ORDER`.",
            "Look with <strong>Compare with Ankorstore now</strong>, "
            "then <strong>Announce a return</strong>.",
        ),
        (
            "Use `antbridge skus set <SKU>`, or set `PACK_MODE`.",
            "Use <code>antbridge skus set &lt;SKU&gt;</code>, or set <code>PACK_MODE</code>.",
        ),
        (
            "What to do: end the pause: antbridge resume placing",
            "What to do: end the pause: <code>antbridge resume placing</code>",
        ),
        ("<b>`<i>`", "&lt;b&gt;<code>&lt;i&gt;</code>"),
    ],
    ids=["button", "two", "bare", "other names", "no button", "bare without", "escaped"],
)
def test_a_command_becomes_its_button(sentence: str, told: str) -> None:
    """One without a button stays, to be read; all that is put in is escaped."""
    assert tell_words(sentence) == told


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_no_cure_sends_a_person_from_the_console_to_the_command_line(reason: Reason) -> None:
    """Whatever concerns one order can be done on its page."""
    told = tell_words(reason.cure)

    assert "antbridge orders" not in told
    assert "antbridge returns" not in told


def test_lines_that_buttons_say_are_left_out() -> None:
    """What can be recorded stands in the form."""
    lines = [
        "It needs a person.",
        "What can be recorded: antbridge orders settle R1 kept --reason WHY",
        "To announce a later date: antbridge orders postpone R1 --date 2026-12-03 --reason WHY",
    ]
    assert without_commands(lines) == lines[:1]

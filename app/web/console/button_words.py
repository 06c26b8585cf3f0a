"""Where a sentence of ours names a command about orders, a page names its button instead."""

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

from app.web.console.actions import ACTIONS

COMPARE = "Compare with Ankorstore now"
_COMMAND = re.compile(r"`(antbridge [^`]+)`|(antbridge .+)$")
"""A command in backticks, or one that is the rest of a line."""
_SPELLED = {
    "orders accept --partial": "accept-partial",
    "returns open": "return",
    "returns label": "return-label",
    "returns close": "return-close",
}
_PART_TOO = (", with `--partial`", " or `antbridge orders accept ORDER --partial`")
_SAID_BY_BUTTONS = ("What can be recorded: ", "To announce a later date: ")


def button_of(command: str) -> str | None:
    """Return what the button is called that does the same as a command, None where none does."""
    words = command.removeprefix("antbridge ").split()
    group, verb = words[0], words[1] if len(words) > 1 else ""
    if (group, verb) == ("orders", "preview"):
        return COMPARE
    spelled = f"{group} {verb} --partial" if "--partial" in words else f"{group} {verb}"
    action = ACTIONS.get(_SPELLED.get(spelled, verb if group == "orders" else ""))
    return action.title if action is not None else None


def tell_words(text: str) -> Markup:
    """Return a sentence of ours, with buttons for commands, and other commands to be read."""
    text = text.replace(*_PART_TOO)
    told, end = Markup(""), 0
    for found in _COMMAND.finditer(text):
        command = found[1] or found[2]
        button = button_of(command)
        marked = Markup("<strong>{}</strong>") if button else Markup("<code>{}</code>")
        told += escape(text[end : found.start()]) + marked.format(button or command)
        end = found.end()
    return told + _with_code(text[end:])


def _with_code(text: str) -> Markup:
    told = Markup("")
    for number, part in enumerate(text.split("`")):
        told += Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
    return told


def without_commands(lines: Iterable[str]) -> list[str]:
    """Return the lines that say more than which command does what a button of the page does."""
    return [line for line in lines if not line.startswith(_SAID_BY_BUTTONS)]

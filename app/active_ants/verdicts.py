"""
Which refusals of the warehouse mean something else than "no".

The warehouse refuses with a sentence, not with a code, and the sentence is all there is to tell
"this number is taken" and "there is no such order" from a real refusal. Reading too much into a
sentence places orders twice or loses them, so both tables are closed: what is not in them stays a
refusal (docs/rules/warehouse-api.md, 'Not found' and 'Duplicates').
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.active_ants.wire import Reply


@dataclass(frozen=True, slots=True)
class CreateRefusal:
    """A refusal of a create that is a fact about the order number."""

    code: str
    fits: Callable[[str, str], bool]
    """Takes the warehouse's words and the external order number that was sent."""
    recorded: str
    """The recorded answer that shows it, under tests/recorded/active_ants."""


def _names_the_number_as_taken(words: str, external_order_number: str) -> bool:
    return f"({external_order_number}) already exists".casefold() in words.casefold()


CREATE_REFUSALS: tuple[CreateRefusal, ...] = (
    CreateRefusal("already_exists", _names_the_number_as_taken, "order_add_already_exists.json"),
)


def create_refusal_code(words: str, external_order_number: str) -> str:
    """Return the code of a refused create, "" for a plain refusal."""
    for refusal in CREATE_REFUSALS:
        if external_order_number and refusal.fits(words, external_order_number):
            return refusal.code
    return ""


class NotFoundRule:
    """Tells whether an answer to a search surely says that nothing is there."""

    def __init__(self, pattern: str) -> None:
        """Take a refusal whose words match *pattern* (a regular expression) for "not found"."""
        self._pattern = re.compile(pattern, re.IGNORECASE)

    def fits(self, reply: Reply) -> bool:
        """
        Say yes to exactly three answers, all of them with an envelope.

        OK with an empty result; a 404 that holds nothing; a NOK whose words match the pattern. A
        server error is none of them, whatever its body says.
        """
        envelope = reply.envelope
        if envelope is None or envelope.is_ok is None or reply.status >= 500:
            return False
        if envelope.is_ok:
            return envelope.is_empty
        return reply.status == 404 or self._pattern.search(envelope.message) is not None

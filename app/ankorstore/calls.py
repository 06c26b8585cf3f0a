"""
One call to Ankorstore and what its answer means, the same for every operation.

The headers of JSON:API, the error document of a refusal, and the kind of error for a body that
cannot be read (docs/rules/errors.md). What a readable body says is left to the translation.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import quote

from app.ankorstore.translate_quotes import quotes_refusal_code
from app.ankorstore.verdicts import Operation, find_verdict
from app.answers import Answer, raise_for_status, unusable_answer
from app.errors import Rejected
from app.jsonapi import READ_HEADERS, WRITE_HEADERS, ErrorText, parse_errors
from app.outbound import PeerConnection
from app.ports import Turn
from app.sentinel import Watch, load_form

Result = TypeVar("Result")

MAX_ID_CHARACTERS = 200

_DATA_PLACES = {
    Operation.REQUEST_QUOTES: "quote",
    Operation.CONFIRM_QUOTE: "confirmation",
    Operation.LIST_WEBHOOK_EVENTS: "eventName",
}
"""Whose data are no resources; the names are of `app/sentinel/ankorstore.toml`."""


class AnkorstoreCalls:
    """Calls over one connection; every client of Ankorstore's API is built on this."""

    def __init__(self, connection: PeerConnection) -> None:
        self.connection = connection
        self.peer = connection.peer
        self.watch = Watch(load_form("ankorstore"), connection.sightings)

    async def call(
        self,
        operation: Operation,
        method: str,
        url: str,
        read: Callable[[Any], Result],
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        turn: Turn | None = None,
    ) -> Result:
        """
        Make one call and return what *read* makes of the decoded body.

        Raises:
            BridgeError: No answer, a refusal, or a body *read* could make nothing of.
        """
        answer = await self.send(operation, method, url, body=body, params=params, turn=turn)
        try:
            document = answer.json()
            place = _DATA_PLACES.get(operation)
            self.watch.look_at_document(document, operation, data_place=place)
            return read(document)
        except ValueError as error:  # not JSON, or no document of the kind asked for
            raise unusable_answer(self.peer, operation, answer, turn=turn) from error

    async def send(
        self,
        operation: Operation,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        turn: Turn | None = None,
    ) -> Answer:
        """
        Make one call and return its answer, which says yes.

        Raises:
            BridgeError: No answer, or a refusal.
        """
        answer = await self.connection.call(
            method,
            url,
            operation=operation,
            turn=turn,
            json_body=body,
            params=params,
            headers=READ_HEADERS if body is None else WRITE_HEADERS,
        )
        self._refuse(operation, answer, turn)
        return answer

    def _refuse(self, operation: Operation, answer: Answer, turn: Turn | None) -> None:
        """Raise for every status but 2xx, with the table's word for it where there is one."""
        if 200 <= answer.status < 300:
            return
        with suppress(ValueError):  # not JSON
            self.watch.look_at_document(answer.json(), operation)
        error = parse_errors(answer.body)
        verdict = find_verdict(operation, answer.status)
        code = verdict.meaning if verdict else error.code
        if operation is Operation.REQUEST_QUOTES:
            code = code or quotes_refusal_code(error.pointers)
        raise_for_status(self.peer, operation, answer, turn=turn, detail=_tell(error), code=code)

    def segment(self, operation: Operation, value: str) -> str:
        """
        Return *value* as one segment of a path, whatever it holds.

        Raises:
            Rejected: It cannot be the id of anything; no call is made.
        """
        if not value.strip(".") or len(value) > MAX_ID_CHARACTERS or not value.isprintable():
            raise Rejected(self.peer, operation, code="unusable_id", detail="not an id")
        return quote(value, safe="")


def _tell(error: ErrorText) -> str:
    """Return the peer's code and words as one short text."""
    return ": ".join(part for part in (error.code, error.detail) if part)

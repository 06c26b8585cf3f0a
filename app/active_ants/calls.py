"""
One call to the warehouse, from path to verdict (docs/rules/warehouse-api.md).

What every call shares: which path exists, whether the answer decides anything, and which error an
answer that decides nothing is. `client.py` knows what each call is for.
"""

from collections.abc import Mapping
from typing import Any

from app.active_ants.paths import PathTable, setting_of
from app.active_ants.verdicts import NotFoundRule
from app.active_ants.wire import Envelope, Fields, Reply, read_reply, result_rows
from app.errors import BridgeError, NotReady, OutcomeUnknown, Rejected, Transient, Unauthorized
from app.outbound import PeerConnection
from app.ports import Turn
from app.sentinel import Watch, load_form

_RESULT_PLACES = {
    "settings": "settings",
    "order_search": "order",
    "product_search": "product",
    "stock_get": "stock",
    "stock_bulk": "stock",
    "shipment_list_by_type": "shipment",
    "shipment_search": "shipment",
    "returnlabel": "returnLabel",
    "return_items": "returnItem",
    "tracktrace_status": "carrierStatus",
}
"""What the result of a call holds; the names are of `app/sentinel/active_ants.toml`."""


class WarehouseCalls:
    """The calls of one shop's login."""

    def __init__(self, peer: PeerConnection, paths: PathTable, not_found: NotFoundRule) -> None:
        """Call *peer* at *paths*; *not_found* tells what counts as "nothing there"."""
        self.peer = peer.peer
        self._connection = peer
        self._paths = paths
        self._not_found = not_found
        self._watch = Watch(load_form("active_ants"), peer.sightings)

    async def reserve(self) -> None:
        """Wait for a place in the budget and take it."""
        await self._connection.reserve("the next write")

    def ensure_there(self, operation: str) -> None:
        """
        Do nothing while the warehouse is there.

        Raises:
            PeerAway: It is away.
        """
        self._connection.circuit.admit(operation, may_probe=False)

    async def ask(
        self,
        key: str,
        operation: str,
        *,
        turn: Turn | None = None,
        arguments: Mapping[str, Any] | None = None,
        fill: Mapping[str, str] | None = None,
    ) -> Reply:
        """
        Call *key* at the first of its paths that exists, and remember that one.

        Raises:
            NotReady: No path of *key* exists at the warehouse, or it is switched off.
        """
        status = None
        for path in self._paths.candidates(key) if self._paths.is_on(key) else ():
            is_get = path.method == "GET"
            reply = read_reply(
                await self._connection.call(
                    path.method,
                    path.fill(fill or {}),
                    operation=operation,
                    turn=turn,
                    params=arguments if is_get else None,
                    json_body=None if is_get else arguments,
                )
            )
            if reply.says_no_such_path:
                status = reply.status
                continue
            if reply.envelope is not None:
                self._paths.remember(key, path)
                self._watch.look("answer", reply.body, operation)
                if place := _RESULT_PLACES.get(key):
                    self._watch.look(place, reply.envelope.result, operation)
            return reply
        name = setting_of(key)
        raise NotReady(
            self.peer,
            operation,
            status=status,
            detail=f"{name}: no path of this call exists at the warehouse",
            resolution=f"Ask Active Ants for the path of this call and set {name}, then restart.",
        )

    def envelope(self, reply: Reply, operation: str, *, turn: Turn | None = None) -> Envelope:
        """
        Return the envelope of an answer that decides something.

        Raises:
            Unauthorized: The login is not (or no longer) good for this call.
            Rejected: A write was refused, readably but without an envelope.
            OutcomeUnknown: A write got no usable answer.
            Transient: A call that may be repeated got none.
        """
        peer, status = self.peer, reply.status
        if status == 401:
            raise Unauthorized(peer, operation, status=status, detail=reply.words)
        if status < 500 and reply.envelope is not None and reply.envelope.is_ok is not None:
            return reply.envelope
        if status == 403 and reply.envelope is None and (turn is None or reply.is_json):
            raise Unauthorized(peer, operation, status=status, detail=reply.words)
        is_client_error = 400 <= status < 500 and status != 408  # 408: a proxy gave up waiting
        is_refusal = is_client_error and reply.is_json and reply.envelope is None
        if turn is not None and is_refusal:
            raise Rejected(peer, operation, status=status, detail=reply.words)
        raise self.unusable(reply, operation, turn=turn)

    def accepted(self, reply: Reply, operation: str) -> Envelope:
        """
        Return the envelope of an OK to a call that may be repeated.

        Raises:
            Transient: Also on a refusal: it is an error of this attempt, and proves nothing.
        """
        envelope = self.envelope(reply, operation)
        if not envelope.is_ok:
            raise Transient(self.peer, operation, status=reply.status, detail=envelope.message)
        return envelope

    def says_not_found(self, reply: Reply) -> bool:
        """Tell whether *reply* surely says that nothing is there."""
        return reply.status != 401 and self._not_found.fits(reply)

    def rows(self, reply: Reply, operation: str) -> list[Any]:
        """
        Return the rows of an OK.

        Raises:
            Transient: A refusal, or a result that is neither list nor object.
        """
        try:
            return result_rows(self.accepted(reply, operation).result)
        except ValueError as error:
            raise self.unusable(reply, operation) from error

    def single(self, reply: Reply, operation: str, name: str, value: str) -> Fields | None:
        """
        Return the one object a search by *name* gave, None where it surely gave nothing.

        Of a list the entry whose *name* is exactly *value* counts; a list without one, or with
        several, is no answer to the question.
        """
        if self.says_not_found(reply):
            return None
        rows = [Fields(row) for row in self.rows(reply, operation) if isinstance(row, Mapping)]
        if len(rows) > 1:
            rows = [row for row in rows if row.text(name) == value]
        if len(rows) != 1:
            raise self.unusable(reply, operation)
        return rows[0]

    def unusable(self, reply: Reply, operation: str, *, turn: Turn | None = None) -> BridgeError:
        """Return the error for an answer that decides nothing."""
        kind = OutcomeUnknown if turn is not None else Transient
        detail = reply.words or "the answer could not be read"
        return kind(self.peer, operation, status=reply.status, detail=detail)

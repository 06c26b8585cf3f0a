"""Which calls worked lately: what tells an order's own trouble from a company's."""

from collections.abc import Iterable
from datetime import datetime


class SuccessBook:
    """
    Which calls worked lately, and for which orders.

    Kept in memory: a worker that has seen no success gives no order up, which errs on the side
    of trying on.
    """

    def __init__(self) -> None:
        self._last: dict[str, dict[int, datetime]] = {}
        self._alone: dict[int, int] = {}

    def note(self, operations: Iterable[str], order_id: int, at: datetime) -> None:
        """Remember that a step which made these calls ended well; two orders suffice a call."""
        self._alone.pop(order_id, None)
        for operation in operations:
            orders = self._last.setdefault(operation, {})
            orders.pop(order_id, None)
            orders[order_id] = at
            while len(orders) > 2:
                orders.pop(next(iter(orders)))

    def has_others(self, operation: str, order_id: int, *, since: datetime) -> bool:
        """Tell whether the call worked since then for any other order."""
        orders = self._last.get(operation, {})
        return any(at > since for other, at in orders.items() if other != order_id)

    def count_alone(self, operation: str, order_id: int, *, since: datetime | None) -> int:
        """
        Count a failure of an order that fails since then; return how often it failed alone.

        Failures while nobody else's call worked are the company's and are not counted, so that
        an outage never uses an order up.
        """
        if since is None:  # the first of a new streak
            self._alone.pop(order_id, None)
        elif self.has_others(operation, order_id, since=since):
            self._alone[order_id] = self._alone.get(order_id, 0) + 1
        return self._alone.get(order_id, 0)

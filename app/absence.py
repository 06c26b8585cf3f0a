"""
What a worker does while a company is away: claim what needs it not, and say what waits for it.

Nothing is written for an order that cannot go on: it stays due, and is claimed once the company
is back (docs/adr/0010-a-company-that-is-away.md).
"""

from dataclasses import dataclass

from app.flow.wording import waits_for_peer
from app.store.backlog import end_waiting, note_waiting
from app.store.session import Store
from app.wiring import ACTIVE_ANTS, ANKORSTORE, Companies


@dataclass(frozen=True, slots=True)
class Reach:
    """How many orders may be claimed, and how many of those that are still to be placed."""

    orders: int
    to_place: int


def reach(companies: Companies, free_hands: int) -> Reach:
    """
    Return what may be claimed now.

    Every step asks Ankorstore; Active Ants is asked for orders that are not placed yet. One
    order may go out to find out whether a company is back.
    """
    ankorstore = companies.connections[ANKORSTORE].circuit
    active_ants = companies.connections[ACTIVE_ANTS].circuit
    if ankorstore.is_away:
        probes = int(ankorstore.wants_probe())
        return Reach(probes, probes)
    if active_ants.is_away:
        return Reach(free_hands, int(active_ants.wants_probe()))
    return Reach(free_hands, free_hands)


class AbsenceNotes:
    """Has the orders in the store say for which company they wait."""

    def __init__(self, store: Store, companies: Companies) -> None:
        """Look at *companies*, write to *store*."""
        self._store = store
        self._companies = companies
        self._noted: set[str] = set()

    async def refresh(self) -> None:
        """Note the orders that wait for a company that is away; take it back once it returned."""
        for peer in (ACTIVE_ANTS, ANKORSTORE):
            if self._companies.connections[peer].circuit.is_away:
                self._noted.add(peer)
                only_to_place = peer == ACTIVE_ANTS
                await note_waiting(self._store, waits_for_peer(peer), only_to_place=only_to_place)
            elif peer in self._noted:
                await end_waiting(self._store, waits_for_peer(peer))
                self._noted.discard(peer)

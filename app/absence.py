"""
What a worker does while a company is away or paused: claim what needs it not, say what waits.

Nothing is written for an order that cannot go on: it stays due, and is claimed once the company
is back, or the pause ended (docs/adr/0010-a-company-that-is-away.md, docs/rules/pauses.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.pauses import Pausable, Pause, find_stop, tell_pause
from app.flow.wording import waits_for_peer
from app.store.backlog import end_waiting, note_waiting
from app.store.session import Store
from app.wiring import ACTIVE_ANTS, ANKORSTORE, Companies


@dataclass(frozen=True, slots=True)
class Reach:
    """How many orders may be claimed, and how many of those that are still to be placed."""

    orders: int
    to_place: int


def reach(companies: Companies, paused: Mapping[str, Pause], free_hands: int) -> Reach:
    """
    Return what may be claimed now.

    Every step asks Ankorstore; Active Ants is asked for orders that are not placed yet. One
    order may go out to find out whether a company is back, none while it is *paused*.
    """
    if find_stop(Pausable.ANKORSTORE, paused) is not None:
        return Reach(0, 0)
    ankorstore = companies.connections[ANKORSTORE].circuit
    active_ants = companies.connections[ACTIVE_ANTS].circuit
    if ankorstore.is_away:
        probes = int(ankorstore.wants_probe())
        return Reach(probes, probes if Pausable.ACTIVE_ANTS not in paused else 0)
    if Pausable.ACTIVE_ANTS in paused:
        return Reach(free_hands, 0)
    if active_ants.is_away:
        return Reach(free_hands, int(active_ants.wants_probe()))
    return Reach(free_hands, free_hands)


class AbsenceNotes:
    """Has the orders in the store say for which company, or the end of which pause, they wait."""

    def __init__(self, store: Store, companies: Companies) -> None:
        """Look at *companies*, write to *store*."""
        self._store = store
        self._companies = companies
        self._noted: set[str] = set()

    async def refresh(self) -> None:
        """Note the orders that wait for a company; take it back once they need not any more."""
        paused = await self._companies.pauses.in_force()
        # What is said last stands where an order waits for both.
        waits = {
            text: peer == ACTIVE_ANTS
            for peer in (ACTIVE_ANTS, ANKORSTORE)
            if (text := self._waits_for(peer, paused)) is not None
        }
        for text, only_to_place in waits.items():
            await note_waiting(self._store, text, only_to_place=only_to_place)
        for text in self._noted - set(waits):
            await end_waiting(self._store, text)
        self._noted = set(waits)

    def _waits_for(self, peer: str, paused: Mapping[str, Pause]) -> str | None:
        """Return what orders that need a company wait for at present, None for nothing."""
        stop = find_stop(Pausable(peer), paused)
        if stop is not None:
            return tell_pause(paused[stop])
        is_away = self._companies.connections[peer].circuit.is_away
        return waits_for_peer(peer) if is_away else None

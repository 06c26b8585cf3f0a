"""
Everything an order may say it waits for, each with a sentence and with what a person does about it.

`waits_for` is text in the store, shown in lists; here stands what it means for somebody who reads
no logs.
"""

from dataclasses import dataclass

NOBODY = "Nobody needs to do anything."
PEER_ENDING = " to answer again"
CALL_OPENING = "the call "
PAUSE_WORDS = " is paused since "


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a wait means and what a person does, if anything."""

    sentence: str
    step: str = NOBODY


_TABLE: dict[str, Waiting] = {
    "its turn": Waiting(
        "More orders are due than can be worked on; those that ship first go first."
    ),
    "today's connector": Waiting(
        "The service runs in shadow mode: today's connector carries the order, and what it does is "
        "compared with what the service would have done."
    ),
    "live mode": Waiting(
        "The service runs in shadow mode and writes nothing to either company.",
        "What to do: start it with MODE=live for the order to go on.",
    ),
    "the next try": Waiting("The last try failed, as the history tells; it is tried again."),
    "the answer sent before": Waiting(
        "An answer to Ankorstore was sent and nothing came back. No other answer is sent until "
        "that one can no longer arrive."
    ),
    "the search at the warehouse to settle": Waiting(
        "The order was sent to the warehouse and nothing came back. It is searched for there until "
        "it shows, or surely is not there; only then is it sent again."
    ),
    "the cancel window to end": Waiting(
        "The warehouse has the order on hold, so that it can still be cancelled or changed; it is "
        "released when the cancel window ends."
    ),
    "the answer to the release": Waiting(
        "The warehouse was asked to release the order and nothing came back; it is asked again."
    ),
    "the warehouse to ship": Waiting(
        "The warehouse has the order and picks and packs it at its own pace. Shipments are looked "
        "for every few minutes."
    ),
    "the rest of the order": Waiting(
        "The warehouse has sent a part of the order; Ankorstore is told once all of it was sent."
    ),
    "the tracking number": Waiting(
        "The goods were sent, but the warehouse does not tell the tracking number yet. Ankorstore "
        "is told as soon as it does, or without one after TRACKING_WAIT_HOURS."
    ),
    "the tracking": Waiting("The warehouse now tells the tracking; Ankorstore is told next."),
    "the answer to the confirm": Waiting(
        "Ankorstore was told that the order was sent, and nothing came back; the order is read to "
        "see whether it shows as shipped."
    ),
    "Ankorstore to show the confirm": Waiting(
        "Ankorstore was told that the order was sent and does not show it yet; after an hour a "
        "person is asked."
    ),
    "the answer to the reset": Waiting(
        "Ankorstore was asked to take its label back and nothing came back; the order is read to "
        "see whether the label is gone."
    ),
    "a person": Waiting("A person was asked, as told above."),
}
WAITS = frozenset(_TABLE)


def waiting_of(waits_for: str | None) -> Waiting:
    """Return what a wait means; one of a newer version, or none, is told as what it is."""
    if waits_for is None:
        return Waiting("It is due and comes up as soon as a worker is free.")
    if (known := _TABLE.get(waits_for)) is not None:
        return known
    if waits_for.endswith(PEER_ENDING):
        company = waits_for.removesuffix(PEER_ENDING)
        return Waiting(
            f"{company} does not answer, so it is left alone and asked every few minutes whether "
            "it is back. No attempt is used up meanwhile.",
            f"{NOBODY} If it stays away, ask {company} what is wrong.",
        )
    if waits_for.startswith(CALL_OPENING):
        return Waiting("What every order needs is being brought; it goes on in a moment.")
    if PAUSE_WORDS in waits_for:
        return Waiting(
            f"A person stopped it on purpose: {waits_for}. No attempt is used up meanwhile.",
            "When the reason is gone, end the pause: the orders then go on by ship-by date.",
        )
    return Waiting(f"It waits for {waits_for}.")

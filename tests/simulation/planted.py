"""
Bugs planted on purpose, one at a time, to prove that the simulation would find them.

`python -m tests.simulation.planted` prints how many seeds each one survived. A bug that survives
them all means that the proof has a hole.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from sqlalchemy import true

from app.active_ants.client import ActiveAntsWarehouse
from app.domain.completeness import Completeness
from app.errors import OutcomeUnknown, Transient
from app.flow import confirming, order_flow, retry
from app.flow.desk import OrderDesk
from app.flow.moves import Next
from app.outbound import PeerConnection
from app.store import claims as store_claims
from app.store import order_statements
from app.store import orders as store_orders
from app.store import schedules as store_schedules
from app.store.inbox import Disposition, Inbox
from app.store.models import Order
from app.store.statements import given
from tests.simulation.run import run_one, silence_logs

Patches = list[Any]
ALLOWED_SEEDS = 1000


async def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


def skip_the_look_before_create() -> Patches:
    """Create without searching first."""
    return [patch.object(ActiveAntsWarehouse, "find_order", _nothing)]


def forget_the_settle_time() -> Patches:
    """Create again as soon as one search finds nothing."""
    real = order_flow._settle_intent

    async def hasty(desk: Any, rules: Any, live: Any) -> Any:
        return await real(desk, replace(rules, settle_seconds=-1000.0), live)

    return [patch.object(order_flow, "_settle_intent", hasty)]


def take_a_lost_answer_for_not_sent() -> Patches:
    """Treat a write without an answer as one that never left."""
    real = PeerConnection._no_answer

    def blind(self: Any, operation: Any, error: Any, *, is_sent: bool, turn: Any) -> Any:
        return real(self, operation, error, is_sent=False, turn=turn)

    return [patch.object(PeerConnection, "_no_answer", blind)]


def take_a_lost_answer_for_done() -> Patches:
    """Treat a create without an answer as one that worked."""
    real = ActiveAntsWarehouse.create_order

    async def hopeful(self: Any, payload: Any, *, turn: Any) -> str:
        try:
            return await real(self, payload, turn=turn)
        except OutcomeUnknown:
            return "unknown"

    return [patch.object(ActiveAntsWarehouse, "create_order", hopeful)]


def acknowledge_before_storing() -> Patches:
    """Answer a delivery at once and store it afterwards."""
    real = Inbox.store_event

    async def quick(self: Any, event: Any, *patience: Any) -> Disposition:
        asyncio.get_running_loop().create_task(real(self, event, *patience))
        return Disposition.STORED

    return [patch.object(Inbox, "store_event", quick)]


def dedupe_by_time_window() -> Patches:
    """Know a delivery again for ten seconds only."""
    real = Inbox.store_event

    async def forgetful(self: Any, event: Any, *patience: Any) -> Disposition:
        window = int(self._store.now().timestamp() // 10)
        later = replace(event, event_id=f"{event.event_id}-{window}")
        return await real(self, later, *patience)

    return [patch.object(Inbox, "store_event", forgetful)]


def take_the_first_quote() -> Patches:
    """Confirm whichever quote comes first."""
    return [patch.object(confirming, "choose_quote", lambda quotes, code: quotes[0])]


def retry_a_lost_confirm_blindly() -> Patches:
    """Ask for quotes and confirm again without looking at the order."""
    return [
        patch.object(confirming, "_settled", lambda seen, desk: None),
    ]


def trust_the_first_reading() -> Patches:
    """Read an order once and believe it from then on, as if a payload were the truth."""
    real = OrderDesk.look
    believed: dict[str, Any] = {}

    async def look(self: Any, *, max_age_seconds: float) -> Any:
        if self.held.marketplace_order_id not in believed:
            believed.clear()
            believed[self.held.marketplace_order_id] = await real(
                self, max_age_seconds=max_age_seconds
            )
        return believed[self.held.marketplace_order_id]

    return [patch.object(OrderDesk, "look", look)]


def drop_the_fencing_check() -> Patches:
    """Record results whoever holds the order now; claim what is held."""

    def anybodys() -> Any:
        return Order.id == given(Order.__table__, "id")

    def ignoring_leases(now: Any) -> Any:
        return true()

    return [
        patch.object(order_statements, "is_held", anybodys),
        patch.object(store_claims, "is_held", anybodys),
        patch.object(store_claims, "free_condition", ignoring_leases),
    ]


def forget_the_reconcile() -> Patches:
    """Rely on webhooks alone."""
    return [patch("app.jobs.reconcile", _nothing)]


def adopt_without_proof() -> Patches:
    """Take any warehouse order under our number for ours."""

    def trusting(desk: Any, found: Any) -> Any:
        desk.note_placing(answer="adopted", answered_at=desk.now())
        return Next(order_flow.State.PLACED, "adopted on trust")

    return [patch.object(order_flow, "_adopt", trusting)]


def acknowledge_every_row() -> Patches:
    """Acknowledge whatever the feed shows."""

    async def everything(store: Any, ids: Any) -> dict[str, datetime]:
        return dict.fromkeys(ids, datetime.min.replace(tzinfo=UTC))

    return [patch("app.flow.shipments.list_acknowledgeable", everything)]


def acknowledge_shipments_before_storing() -> Patches:
    """Take shipments off the feed and store them afterwards."""
    real = ActiveAntsWarehouse.list_shipments

    async def hasty(self: Any) -> Any:
        rows = await real(self)
        marked = [row.warehouse_shipment_id for row in rows if row.order_mark]
        if marked:
            await self.acknowledge_shipments(marked)
        return rows

    return [patch.object(ActiveAntsWarehouse, "list_shipments", hasty)]


def confirm_after_the_first_parcel() -> Patches:
    """Take an order for sent once anything of it was."""
    return [
        patch.object(Completeness, "is_complete", property(lambda self: any(self.shipped.values())))
    ]


def give_up_on_a_companys_trouble() -> Patches:
    """Ask a person after three failures, whoever's they are."""
    real = retry.decide

    def impatient(error: Any, *, attempt: int, **kwargs: Any) -> Any:
        if attempt >= 3 and isinstance(error, Transient | OutcomeUnknown):
            return retry.GiveUp((retry.Finding("keeps_failing", "x", ""),))
        return real(error, attempt=attempt, **kwargs)

    return [patch.object(retry, "decide", impatient)]


def place_what_was_cancelled() -> Patches:
    """Overlook that the marketplace shows an order cancelled."""
    real = order_flow.ended_before_placing

    def overlooking(seen: Any, order: Any, rules: Any) -> Any:
        return None if seen.status in ("cancelled", "rejected") else real(seen, order, rules)

    return [patch.object(order_flow, "ended_before_placing", overlooking)]


def send_packs_for_units() -> Patches:
    """Ask the warehouse for as many pieces as packs were ordered."""
    real = ActiveAntsWarehouse.prepare

    def packs(self: Any, order: Any, number: str) -> Any:
        lines = tuple(replace(line, unit_quantity=line.pack_quantity) for line in order.lines)
        return real(self, replace(order, lines=lines), number)

    return [patch.object(ActiveAntsWarehouse, "prepare", packs)]


def lose_wake_ups() -> Patches:
    """Forget what came in while a step ran."""
    real = store_orders.finish_step

    async def forgetful(store: Any, order: Any, finish: Any, lease_seconds: float) -> Any:
        after = await real(store, replace(order, wake_seq=10**6), finish, lease_seconds)
        return replace(after, wake_seq=order.wake_seq)

    return [patch("app.flow.carry.finish_step", forgetful)]


def accept_again_after_a_revert() -> Patches:
    """Accept an order whose acceptance was taken back."""
    from app.flow import looking

    def again(desk: Any) -> Any:
        return Next(order_flow.State.RECEIVED, "accepting again")

    return [
        patch.object(looking, "acceptance_reverted", again),
        patch.object(order_flow, "acceptance_reverted", again),
    ]


def never_run_a_failed_job_again() -> Patches:
    """Push a job that failed a day ahead."""
    real = store_schedules.finish_job

    async def resigned(
        store: Any, job: Any, *, error: Any, next_run_seconds: float, note: str
    ) -> Any:
        pause = 86_400.0 if error else next_run_seconds
        return await real(store, job, next_run_seconds=pause, error=error, note=note)

    return [patch("app.jobs.finish_job", resigned)]


BUGS: tuple[Callable[[], Patches], ...] = (
    skip_the_look_before_create,
    forget_the_settle_time,
    take_a_lost_answer_for_not_sent,
    take_a_lost_answer_for_done,
    acknowledge_before_storing,
    dedupe_by_time_window,
    take_the_first_quote,
    retry_a_lost_confirm_blindly,
    trust_the_first_reading,
    drop_the_fencing_check,
    forget_the_reconcile,
    adopt_without_proof,
    acknowledge_every_row,
    acknowledge_shipments_before_storing,
    confirm_after_the_first_parcel,
    give_up_on_a_companys_trouble,
    place_what_was_cancelled,
    send_packs_for_units,
    lose_wake_ups,
    accept_again_after_a_revert,
    never_run_a_failed_job_again,
)


@contextmanager
def planted(bug: Callable[[], Patches]) -> Iterator[None]:
    """Have *bug* in the code while the block runs."""
    with ExitStack() as stack:
        for one in bug():
            stack.enter_context(one)
        yield


def hunt(name: str, allowed: int) -> tuple[str, int | None, str]:
    """Run seeds until the bug is caught; return at which one and by which promise."""
    silence_logs()
    bug = next(one for one in BUGS if one.__name__ == name)
    with planted(bug):
        for seed in range(allowed):
            violations = run_one(seed).violations
            if violations:
                return name, seed + 1, violations[0]
    return name, None, "not caught"


def main() -> int:
    """Print the table; fail if a bug survived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--allowed", type=int, default=ALLOWED_SEEDS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    names = [bug.__name__ for bug in BUGS if asked.only in bug.__name__]
    survived = 0
    print(f"| planted bug | caught after seeds (of {asked.allowed}) | by |\n|---|---|---|")
    with ProcessPoolExecutor(asked.jobs, max_tasks_per_child=1) as pool:
        for name, seeds, by in pool.map(hunt, names, [asked.allowed] * len(names)):
            survived += seeds is None
            print(
                f"| {name.replace('_', ' ')} | {seeds or '**not caught**'} | {by[:90]} |",
                flush=True,
            )
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())

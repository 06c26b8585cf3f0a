"""The commands `antbridge orders …`: look at orders, and decide about them."""

import getpass
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli_database import WRONG_USE, OrderText, ReasonText, find_one, reason_given, with_store
from app.domain.deadlines import Deadline
from app.domain.lifecycle import Outcome, State
from app.domain.policy import REJECT_TYPES
from app.domain.reasons import REASONS
from app.domain.record import OrderRecord
from app.domain.signing import one_line
from app.domain.tasks import Answer, answers_to
from app.flow.calls_shown import ShownAttempt, load_calls
from app.flow.story import attention_of, name_of, tell_address, tell_warehouse_order
from app.flow.verdict_words import tell_verdict
from app.settings import load_settings
from app.store.decisions import Impossible, retry_order, take_order
from app.store.decisions_answer import accept_order, hold_order, reject_order, release_order
from app.store.decisions_tasks import CLOSING_OUTCOMES, close_order, resend_order, settle_task
from app.store.possible_moves import with_moves
from app.store.queries import ANY_ATTENTION, OrderFilter, list_orders
from app.store.session import Store

RemarkText = Annotated[str, typer.Option("--reason", help="Why, if there is something to say.")]

orders_cli = typer.Typer(help="Look at orders and decide about them.", no_args_is_help=True)


@orders_cli.command("list")
def list_command(
    state: Annotated[str | None, typer.Option(help="Only orders in this state.")] = None,
    attention: Annotated[
        str | None, typer.Option(help="Only orders needing attention: any, or a reason code.")
    ] = None,
    deadline: Annotated[
        Deadline | None, typer.Option(help="Only orders that must leave soon, or should have.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
) -> None:
    """List orders, newest first."""
    if state not in (None, *State):
        raise typer.BadParameter(f"--state: use one of {', '.join(State)}")
    if attention not in (None, ANY_ATTENTION, *REASONS):
        raise typer.BadParameter(f"use any or one of: {', '.join(sorted(REASONS))}")

    async def show(store: Store) -> int:
        wanted = OrderFilter(
            state=state,
            attention=attention,
            deadline=deadline,
            at_risk_seconds=load_settings().at_risk_hours * 3600,
            limit=limit,
        )
        page, more = await list_orders(store, wanted)
        _print_orders(page)
        if more is not None:
            print(
                f"There are more than {limit}; narrow the list or raise --limit.", file=sys.stderr
            )
        return 0

    with_store(show)


def _print_orders(page: Sequence[OrderRecord]) -> None:
    """Print a table for people, and plain columns, which nothing is cut off, for programs."""
    if not Console().is_terminal:
        for order in page:
            print("\t".join(_list_row(order)))
        return
    table = Table("order", "state", "warehouse number", "waits for", "needs attention")
    for order in page:
        table.add_row(*_list_row(order))
    Console().print(table)


def _list_row(order: OrderRecord) -> tuple[str, ...]:
    return (
        name_of(order),
        order.outcome or str(order.state),
        order.live.external_order_number if order.live else "",
        order.waits_for or "",
        order.attention_reason or "",
    )


@orders_cli.command("show")
def show_command(
    order: OrderText,
    with_calls: Annotated[
        bool, typer.Option("--calls", help="What was asked of both companies and answered, too.")
    ] = False,
) -> None:
    """Show what is known of an order."""

    async def show(store: Store) -> int:
        found = await find_one(store, order)
        if found is None:
            return WRONG_USE
        sentence, cure = attention_of(found)
        live = found.live
        for label, value in (
            ("reference", found.marketplace_reference),
            ("marketplace id", found.marketplace_order_id),
            ("state", found.outcome or str(found.state)),
            ("status at Ankorstore", found.marketplace_status),
            ("warehouse number", live.external_order_number if live else None),
            ("id at the warehouse", live.warehouse_order_id if live else None),
            ("ship by", found.ship_by_at),
            ("confirmed", found.confirmed_at),
            ("refund", found.refund_text),
            ("delivered", found.delivered_at),
            ("found by", found.found_by),
            ("next look", found.next_attempt_at),
            ("needs attention", sentence),
            ("what to do", cure),
            ("in Maya", "; ".join(tell_warehouse_order(found)) or None),
            ("what can be recorded", ", ".join(answers_to(found.attention_reason)) or None),
            ("new address", tell_address(found.new_address) if found.new_address else None),
        ):
            if value is not None:
                print(f"{label:>22}: {value}")
        for line in tell_verdict(found):
            print(f"{'':>22}  {line}")
        if with_calls:
            _print_calls(await load_calls(store, found.order_id))
        return 0

    with_store(show)


def _print_calls(attempts: Sequence[ShownAttempt]) -> None:
    if not attempts:
        print("No call is recorded, or none is kept any more (CALL_RETENTION_DAYS).")
    for attempt in attempts:
        print(f"{attempt.step.happened_at:%Y-%m-%d %H:%M:%S} {attempt.step.step}")
        for call in attempt.calls:
            print(f"  {call.peer}, {call}")
            for word, body in (("sent", call.sent), ("answer", call.answer)):
                if body:
                    print(f"    {word}: {body}")


@orders_cli.command("retry")
def retry_command(order: OrderText, reason: RemarkText = "") -> None:
    """Clear an order's need for attention and try it again now."""
    _decide(order, retry_order, one_line(reason))


@orders_cli.command("take")
def take_command(order: OrderText, reason: ReasonText) -> None:
    """Have the service handle an order that was submitted before the switch."""
    _decide(order, take_order, reason)


@orders_cli.command("accept")
def accept_command(
    order: OrderText,
    reason: ReasonText,
    is_partial: Annotated[
        bool, typer.Option("--partial", help="Leave out or reduce what cannot be sent.")
    ] = False,
) -> None:
    """Have an order accepted in spite of what holds it."""
    _decide(order, partial(accept_order, is_partial=is_partial), reason)


@orders_cli.command("reject")
def reject_command(
    order: OrderText,
    reject_type: Annotated[
        str, typer.Option("--type", help=f"Why, for Ankorstore: {', '.join(REJECT_TYPES)}.")
    ],
    reason: Annotated[
        str,
        typer.Option(
            "--reason", callback=reason_given, help="Why, in words. Ankorstore is told this too."
        ),
    ],
) -> None:
    """Have an order rejected at Ankorstore; that cannot be undone."""
    _decide(order, partial(reject_order, reject_type=reject_type), reason)


@orders_cli.command("hold")
def hold_command(order: OrderText, reason: ReasonText) -> None:
    """Stop an order that is not at the warehouse yet."""
    _decide(order, hold_order, reason)


@orders_cli.command("release")
def release_command(order: OrderText, reason: ReasonText) -> None:
    """Let an order go on that a person or the policy holds; it is judged again."""
    _decide(order, release_order, reason)


@orders_cli.command("settle")
def settle_command(
    order: OrderText,
    answer: Annotated[Answer, typer.Argument(help="What was done about the warehouse order.")],
    reason: ReasonText,
    number: Annotated[
        str | None,
        typer.Option(help="The warehouse order it was done to, where several were placed."),
    ] = None,
) -> None:
    """Record what was done in Maya about an order's goods; the order goes on from there."""
    _decide(order, partial(settle_task, answer=answer, number=number), reason)


@orders_cli.command("resend")
def resend_command(order: OrderText, reason: ReasonText) -> None:
    """Place an order once more, after its warehouse order was cancelled in Maya or refused."""
    _decide(order, resend_order, reason)


@orders_cli.command("close")
def close_command(
    order: OrderText,
    outcome: Annotated[Outcome, typer.Option(help="How it ended.")],
    reason: ReasonText,
) -> None:
    """End an order by hand."""
    if outcome not in CLOSING_OUTCOMES:
        raise typer.BadParameter(f"--outcome: use one of {', '.join(CLOSING_OUTCOMES)}")
    _decide(order, partial(close_order, outcome=outcome), reason)


def _decide(text: str, decision: Callable[..., Awaitable[str]], reason: str) -> None:
    by = f"{getpass.getuser()} (command line)"

    async def decide(store: Store) -> int:
        found = await find_one(store, text)
        if found is None:
            return WRONG_USE
        try:
            print(await decision(store, found, by=by, reason=reason))
        except Impossible as impossible:
            print(f"antbridge: {with_moves(str(impossible), found)}", file=sys.stderr)
            return 1
        return 0

    with_store(decide)

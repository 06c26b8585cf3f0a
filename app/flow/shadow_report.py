"""The report of shadow mode: what would have been done, against what happened, order by order."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from app.domain.shadow import Report, Result, Told, compare_order, join_results, would_ask
from app.store.session import Store
from app.store.shadow import load_shadows

SUMMARY_DAYS = 7


def days_until(last: date, days: int) -> tuple[datetime, datetime]:
    """Return when the first of *days* begins and *last*, the newest of them, ends, in UTC."""
    end_at = datetime.combine(last + timedelta(days=1), time(), UTC)
    return end_at - timedelta(days=days), end_at


async def draw_up_report(store: Store, start_at: datetime, end_at: datetime) -> Report:
    """Return the report on the orders first read from *start_at* until before *end_at*."""
    told = []
    for reference, marketplace_order_id, record in await load_shadows(store, start_at, end_at):
        aspects = compare_order(record)
        told.append(
            Told(
                name=reference or marketplace_order_id,
                marketplace_order_id=marketplace_order_id,
                result=join_results(aspects),
                aspects=aspects,
                asks=tuple(would_ask(record)),
                warehouse_number=(record.observed or {}).get("number"),
            )
        )
    return Report(start_at, end_at, tuple(told))


def report_text(report: Report) -> str:
    """Return the report for people: the differences first, the totals at the end."""
    last = report.end_at - timedelta(days=1)
    lines = [f"Orders first read from {report.start_at:%Y-%m-%d} to {last:%Y-%m-%d} (UTC)"]
    for result in Result:
        lines += [_line(one) for one in report.orders if one.result is result]
    return "\n".join([*lines, summary_text(report.figures())])


def summary_text(figures: dict[str, Any]) -> str:
    """Return the totals in a few sentences, without any order."""
    counts = ", ".join(f"{count} {result}" for result, count in figures["counts"].items())
    parity = figures["parity_percent"]
    told = "nothing could be compared yet" if parity is None else f"parity {parity:.1f} %"
    lines = [f"{figures['orders']} orders: {counts}; {told}."]
    if figures["differences"]:
        named = ", ".join(f"{count} in {name}" for name, count in figures["differences"].items())
        lines.append(f"They differ first: {named}.")
    if asked := figures["would_have_asked"]:
        lines.append(f"A person would have been asked about {asked} of them.")
    return "\n".join(lines)


def _line(one: Told) -> str:
    where = f" (at the warehouse: {one.warehouse_number})" if one.warehouse_number else ""
    asks = f"; would have asked a person: {', '.join(one.asks)}" if one.asks else ""
    said = one.first_difference or "; ".join(
        f"{aspect.name}: {aspect.told}" for aspect in one.aspects if aspect.result is one.result
    )
    return f"  {one.result.value.upper():<13} {one.name}{where}  {said}{asks}"


def report_json(report: Report) -> dict[str, Any]:
    """Return the report for programs."""
    return {
        "start_at": report.start_at.isoformat(),
        "end_at": report.end_at.isoformat(),
        **report.figures(),
        "by_order": [
            {
                "marketplace_reference": one.name,
                "marketplace_order_id": one.marketplace_order_id,
                "result": one.result.value,
                "first_difference": one.first_difference,
                "would_have_asked": list(one.asks),
                "warehouse_number": one.warehouse_number,
                "aspects": [
                    {"name": each.name, "result": each.result.value, "told": each.told}
                    for each in one.aspects
                ],
            }
            for one in report.orders
        ],
    }

"""What can be set and broken in the sandbox, each from a form: clock, stock, calls, webhooks."""

from collections.abc import Callable
from urllib.parse import urlsplit

from app.simulator.active_ants.habits import Uniqueness
from app.simulator.company import Company
from app.simulator.faults import Fault
from app.simulator.sandbox.forms import Fields, Refused
from app.simulator.sandbox.state import Sandbox

STOCK_MAX = 1_000_000
TIMES_MAX = 1000
EVENTS_MAX = 100
SECONDS_MAX = 600.0
HOUR_SECONDS = 3600.0
MOVE_UNITS = {"hours": HOUR_SECONDS, "days": 24 * HOUR_SECONDS}
MOVE_MAX = 366

COMPANIES = {"ankorstore": "Ankorstore", "active_ants": "Active Ants"}
CALLS: dict[str, tuple[str, str, str]] = {
    "ankorstore any": ("ankorstore", "any call to Ankorstore", "*"),
    "ankorstore login": ("ankorstore", "Ankorstore: log in", "POST /oauth/token"),
    "ankorstore read": ("ankorstore", "Ankorstore: read an order", "GET /api/v1/orders/*"),
    "ankorstore accept": ("ankorstore", "Ankorstore: accept or reject", "POST */transition"),
    "ankorstore quotes": ("ankorstore", "Ankorstore: ask for quotes", "POST */shipping-quotes"),
    "ankorstore confirm": ("ankorstore", "Ankorstore: confirm a quote", "POST */confirm"),
    "active_ants any": ("active_ants", "any call to Active Ants", "*"),
    "active_ants login": ("active_ants", "Active Ants: log in", "POST /token"),
    "active_ants create": ("active_ants", "Active Ants: place an order", "POST */order/add"),
    "active_ants search": ("active_ants", "Active Ants: look an order up", "* */order/search"),
    "active_ants stock": ("active_ants", "Active Ants: stock", "GET */stock/*"),
    "active_ants feed": ("active_ants", "Active Ants: shipments", "* */shipment/byordertype"),
    "active_ants acknowledge": (
        "active_ants",
        "Active Ants: acknowledge shipments",
        "POST */shipment/sync",
    ),
}
FAULTS: dict[str, str] = {
    Fault.LATENCY: "answers late (seconds)",
    Fault.LOSE_ANSWER_AFTER: "does it, the answer is lost",
    Fault.LOSE_ANSWER_BEFORE: "does nothing, the connection breaks",
    Fault.REFUSE_CONNECTION: "cannot be reached",
    Fault.SERVER_ERROR_BEFORE: "answers a 5xx (status) and does nothing",
    Fault.SERVER_ERROR_AFTER: "answers a 5xx (status) and does it all the same",
    Fault.TOO_MANY_REQUESTS: "answers 429 with Retry-After (seconds)",
    Fault.TOO_MANY_REQUESTS_UNSAID: "answers 429 without a word",
    Fault.UNAUTHORIZED: "answers 401",
    Fault.TRUNCATE_BODY: "answers half a body",
    Fault.NOT_JSON: "answers a web page",
    Fault.WRONG_TYPE: "answers JSON of another shape",
    Fault.EMPTY_BODY: "answers nothing at all",
}
UNIQUENESS: dict[Uniqueness, str] = {
    "immediate": "refuses a second order of a number at once",
    "late": "refuses it only once searches show the first",
    "off": "takes it",
}


def set_knob(sandbox: Sandbox, knob: str, fields: Fields) -> str:
    """
    Do what the form of *knob* asks for and return what was done.

    Raises:
        Refused: The fields do not allow it.
    """
    if knob not in _KNOBS:
        raise Refused("there is no such form", "Use the forms of the page.", 404)
    return _KNOBS[knob](sandbox, fields)


def _move_clock(sandbox: Sandbox, fields: Fields) -> str:
    unit = fields.choice("unit", "Unit", MOVE_UNITS)
    count = fields.whole("count", "How many", 1, MOVE_MAX)
    try:
        sandbox.move_clock(count * MOVE_UNITS[unit])
    except ValueError as too_far:
        raise Refused(str(too_far), "Move it less far, or start the sandbox anew.") from None
    return f"clock moved ahead by {count} {unit}"


def _set_stock(sandbox: Sandbox, fields: Fields) -> str:
    sku = fields.text("sku", "SKU")
    stock = fields.whole("stock", "Pieces", 0, STOCK_MAX)
    sandbox.active_ants.set_stock(sku, stock)
    return f"the warehouse has {stock} of {sku}"


def _break_calls(sandbox: Sandbox, fields: Fields) -> str:
    call = fields.choice("call", "Call", CALLS)
    fault = Fault(fields.choice("fault", "What happens", FAULTS))
    seconds = fields.number("seconds", "Seconds", 0, SECONDS_MAX)
    status = fields.whole("status", "Status", 500, 599)
    company, words, pattern = CALLS[call]
    faults = _company(sandbox, company).faults
    if fields.is_ticked("always"):
        faults.always(pattern, fault, seconds=seconds, status=status)
        return f"{words}: {FAULTS[fault]}, until stopped"
    times = fields.whole("times", "Times", 1, TIMES_MAX)
    faults.once(pattern, fault, times=times, seconds=seconds, status=status)
    return f"{words}: {FAULTS[fault]}, {times} times"


def _mend_calls(sandbox: Sandbox, fields: Fields) -> str:
    company = fields.choice("company", "Company", COMPANIES)
    _company(sandbox, company).faults.stop()
    return f"calls to {COMPANIES[company]} work again"


def _expire_tokens(sandbox: Sandbox, fields: Fields) -> str:
    company = fields.choice("company", "Company", COMPANIES)
    (sandbox.ankorstore if company == "ankorstore" else sandbox.active_ants).expire_tokens()
    return f"{COMPANIES[company]} knows none of its tokens any more"


def _set_webhooks(sandbox: Sandbox, fields: Fields) -> str:
    outbox = sandbox.ankorstore.outbox
    lose = fields.whole("lose", "Lose", 0, EVENTS_MAX)
    double = fields.whole("double", "Send twice", 0, EVENTS_MAX)
    delay = fields.number("delay", "Delay", 0, SECONDS_MAX)
    outbox.lose_next(lose)
    outbox.duplicate_next(double)
    outbox.delay_seconds_max = delay
    return f"webhooks: {lose} get lost, {double} come twice, up to {delay:g} s late"


def _set_webhook_url(sandbox: Sandbox, fields: Fields) -> str:
    url = fields.text("url", "Address", is_required=False)
    if url and not is_web_address(url):
        raise Refused("Address is no web address", "Write one such as http://127.0.0.1:8000/…")
    sandbox.ankorstore.webhook_url = url or None
    return f"webhooks go to {url}" if url else "webhooks go to registered addresses only"


def _set_warehouse(sandbox: Sandbox, fields: Fields) -> str:
    habits = sandbox.active_ants.habits
    lag = fields.number("lag", "Search lag", 0, SECONDS_MAX)
    delay = fields.number("delay", "Ships after", 0, SECONDS_MAX)
    uniqueness = fields.choice("uniqueness", "Second order", UNIQUENESS)
    habits.search_lag_seconds, habits.shipping_delay_seconds = lag, delay
    habits.uniqueness = uniqueness
    habits.ships_by_itself = fields.is_ticked("ships")
    ships = f"ships {delay:g} s after an order" if habits.ships_by_itself else "ships by hand only"
    return f"the warehouse {ships}, shows orders {lag:g} s late, {UNIQUENESS[uniqueness]}"


def _set_connector(sandbox: Sandbox, fields: Fields) -> str:
    if fields.is_ticked("carries"):
        sandbox.connector.start()
        return "today's connector takes new orders"
    sandbox.connector.stop()
    return "today's connector takes no new order, and confirms those it placed"


def _add_foreign(sandbox: Sandbox, fields: Fields) -> str:
    count = fields.whole("count", "How many", 1, 200)
    sandbox.active_ants.add_foreign_shipments(count)
    return f"{count} shipments of other shops left"


def is_web_address(text: str) -> bool:
    """Say whether webhooks can be sent there."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _company(sandbox: Sandbox, name: str) -> Company:
    return sandbox.ankorstore if name == "ankorstore" else sandbox.active_ants


_KNOBS: dict[str, Callable[[Sandbox, Fields], str]] = {
    "clock": _move_clock,
    "stock": _set_stock,
    "break": _break_calls,
    "mend": _mend_calls,
    "expire-tokens": _expire_tokens,
    "webhooks": _set_webhooks,
    "webhook-url": _set_webhook_url,
    "warehouse": _set_warehouse,
    "foreign": _add_foreign,
    "connector": _set_connector,
}

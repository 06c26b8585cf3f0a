"""What is seen of a run from outside, and whether all has come to rest."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sqlalchemy import text

from app.simulator import Order
from app.simulator.company import Company
from app.simulator.exchange import Answer, Ask
from app.worker import Worker
from tests.simulation.evidence import find_unrest
from tests.simulation.process import Process

if TYPE_CHECKING:
    from tests.simulation.world import World

CANCELLED = ("cancelled", "rejected")


class Observer:
    """Watches the wire and the store; the checks ask it at the end."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.workers: dict[str, Worker] = {}
        self.last_look: dict[tuple[str, str], str] = {}
        self.problems: list[str] = []

    def on_sent(self, process: Process, company: Company, ask: Ask) -> None:
        """Look at a request as it leaves a process."""
        if company is self._world.active_ants and ask.matches("POST */order/add"):
            payload = json.loads(ask.body)
            order_id = payload.get("extra1", "")
            shown = self.last_look.get((process.name, order_id))
            if shown in CANCELLED:
                self.problems.append(f"order {order_id} placed after it was seen {shown}")
        if company is self._world.ankorstore and ask.matches("POST */confirm"):
            self._look_at_confirm(ask.path.split("/")[-2])

    def _look_at_confirm(self, quote_id: str) -> None:
        """Nothing is confirmed before the warehouse has sent all of it."""
        quote = self._world.ankorstore.quotes.get(quote_id)
        for placed in self._world.active_ants.orders.values():
            is_its = quote is not None and placed.extras.get("extra1") == quote.order_id
            if is_its and not placed.is_complete:
                self.problems.append(
                    f"{placed.external_order_number} confirmed before all was sent"
                )

    def take_number(self, order: Order) -> None:
        """Let another shop have a warehouse order under the number of *order*."""
        line = order.lines[0]
        payload = {
            "externalOrderNumber": str(order.reference),
            "paymentMethodId": 1,
            "email": "shop@example.com",
            "phoneNumber": "",
            "deliveryAddressLastName": "Somebody Else",
            "deliveryAddressPostalCode": "1012JS",
            "deliveryAddressHouseNumber": 1,
            "deliveryAddressStreet": "Damstraat",
            "DeliveryAddressCityName": "Amsterdam",
            "deliveryAddressCountryIso": "NL",
            "languageId": 1,
            "orderTypeId": 3001,
            "orderItems": [
                {"sku": line.variant.sku, "quantity": 1, "name": "x", "price": 1, "vat": 1}
            ],
        }
        company = self._world.active_ants
        login = {
            "grant_type": "password",
            "username": company.username,
            "password": company.password,
        }
        token = company.respond(Ask("POST", "/token", "", {}, urlencode(login).encode()))
        bearer = f"Bearer {json.loads(token.body)['access_token']}"
        answer = company.respond(
            Ask(
                "POST",
                "/v2/order/add",
                "",
                {"authorization": bearer, "content-type": "application/json"},
                json.dumps(payload).encode(),
            )
        )
        assert json.loads(answer.body)["messageCode"] == "OK", answer.body

    def on_answer(
        self, process: Process, company: Company, ask: Ask, answer: Answer | None
    ) -> None:
        """Look at an answer as a process gets it."""
        if company is not self._world.ankorstore or answer is None or answer.status != 200:
            return
        is_read = ask.matches("GET */api/v1/orders/*") or ask.matches("POST */transition")
        if not is_read:
            return
        try:
            document: Any = json.loads(answer.body)
            data = document["data"]
            self.last_look[(process.name, data["id"])] = data["attributes"]["status"]
        except (ValueError, KeyError, TypeError):
            return

    def rows(self, statement: str) -> list[Any]:
        """Ask the store directly."""
        rows = list(self._world.database.execute(text(statement)).mappings())
        self._world.database.rollback()
        return rows

    def is_at_rest(self) -> bool:
        """Tell whether every order is closed or asks a person, and nothing is under way."""
        if len(self._world.orders) < len(self._world.plan.orders):
            return False
        return not find_unrest(self._world)

"""The catalogue: every variant of the brand, a page at a time."""

from collections.abc import Callable
from dataclasses import dataclass

from app.simulator.ankorstore.documents import with_version
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.included import product_resource, variant_resource
from app.simulator.ankorstore.order_book import OrderBook
from app.simulator.ankorstore.order_desk import read_includes
from app.simulator.ankorstore.paging import paginate
from app.simulator.exchange import JSON_API, Answer, Ask, dump_json
from app.simulator.routes import Routes

INCLUDES = frozenset({"product"})


@dataclass(frozen=True, slots=True)
class _Spelling:
    has_singular_types: bool


class VariantDesk:
    """Answers for product variants."""

    def __init__(
        self, book: OrderBook, habits: AnkorstoreHabits, base_url: Callable[[], str]
    ) -> None:
        self._book = book
        self._habits = habits
        self._base_url = base_url

    def add_routes(self, routes: Routes) -> None:
        """Put the endpoint on the table."""
        routes.add("GET", "/api/v1/product-variants", self.list_variants)

    def list_variants(self, ask: Ask) -> Answer:
        """Answer a page of variants, archived ones among them."""
        paths = read_includes(ask, INCLUDES)
        variants = list(self._book.variants.values())
        known = {variant.id: variant for variant in variants}
        page, document = paginate(ask, variants, known, self._habits, self._base_url())
        spelling = _Spelling(self._habits.type_names == "singular")
        document["data"] = [variant_resource(spelling, variant) for variant in page]
        if paths:
            document["included"] = [product_resource(spelling, variant) for variant in page]
        return Answer(200, dump_json(with_version(document)), JSON_API)

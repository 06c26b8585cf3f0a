"""The lines of a warehouse order: how many of what, at which price."""

import json
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.active_ants.order_lines import fill_lines, has_cents, item_name, json_number
from app.domain.packs import PackMode, parse_pack_mode
from app.domain.record import SentLine
from tests.order_samples import LINE_ID, make_line, make_rules

SKU = "Product-Variant-001"


def only_item(line: Any, **rules: Any) -> dict[str, Any]:
    lines = fill_lines((line,), make_rules(**rules))
    assert lines.findings == ()
    (item,) = lines.items
    return item


@pytest.mark.parametrize(
    ("mode", "quantity", "gross", "net", "vat_amount", "units_per_sku"),
    [
        ("unit", 12, "3.51", "3.33", "0.18", 1),
        ("pack", 1, "42.16", "39.96", "2.2", 12),
        ("factor:6", 2, "21.08", "19.98", "1.1", 6),
        ("factor:12", 1, "42.16", "39.96", "2.2", 12),
    ],
)
def test_one_pack_of_twelve(
    mode: str, quantity: int, gross: str, net: str, vat_amount: str, units_per_sku: int
) -> None:
    """The same line in every mode: count, price and VAT of one warehouse SKU, to the cent."""
    with_gross = only_item(make_line(), pack_mode=mode)
    with_net = only_item(make_line(), pack_mode=mode, price_mode="net", vat_mode="amount")
    sent = fill_lines((make_line(),), make_rules(pack_mode=mode)).sent

    assert json.dumps(with_gross["quantity"]) == str(quantity)
    assert json.dumps(with_gross["price"]) == gross
    assert json.dumps(with_gross["vat"]) == "5.5"
    assert json.dumps(with_net["price"]) == net
    assert json.dumps(with_net["vat"]) == vat_amount
    assert sent == (SentLine(LINE_ID, SKU, quantity, units_per_sku),)


def test_vat_as_a_fraction() -> None:
    """A percentage becomes a fraction without a binary remainder."""
    assert json.dumps(only_item(make_line(), vat_mode="fraction")["vat"]) == "0.055"


@pytest.mark.parametrize(("total_minor", "price"), [(1, "0.01"), (3, "0.02"), (5, "0.03")])
def test_half_a_cent_goes_up(total_minor: int, price: str) -> None:
    """Half a cent is rounded up, away from the even neighbour too."""
    line = make_line(unit_quantity=2, amount_with_vat_minor=total_minor)
    assert json.dumps(only_item(line)["price"]) == price


def test_prices_can_be_kept_back() -> None:
    """Without prices a line costs nothing; the VAT rate is no price and stays."""
    item = only_item(make_line(), send_prices=False)
    assert (item["price"], item["vat"]) == (0, 5.5)
    for mode in ("unit", "pack"):
        by_amount = only_item(make_line(), pack_mode=mode, send_prices=False, vat_mode="amount")
        assert (by_amount["price"], by_amount["vat"]) == (0, 0)


def test_an_edited_line_keeps_its_units() -> None:
    """Units are read and never recomputed from packs: an edited line holds what it holds."""
    line = make_line(pack_quantity=1, unit_quantity=7)
    assert only_item(line)["quantity"] == 7
    assert only_item(make_line(pack_quantity=0, unit_quantity=7))["quantity"] == 7


def test_an_entry_of_a_sku_goes_before_the_general_mode() -> None:
    """PACK_MODE_BY_SKU overrides PACK_MODE for its SKU alone."""
    entries = {SKU: "pack"}
    lines = fill_lines((make_line(), make_line(sku="MUG")), make_rules(pack_mode_by_sku=entries))
    assert [item["quantity"] for item in lines.items] == [1, 12]


def test_sku_is_trimmed_and_mapped() -> None:
    """The warehouse's SKU is sent where one is mapped, the marketplace's own elsewhere."""
    assert only_item(make_line(sku=" MUG "))["sku"] == "MUG"
    assert only_item(make_line(sku=" MUG "), sku_map={"MUG": " WH-1 "})["sku"] == "WH-1"
    lines = fill_lines((make_line(),), make_rules(sku_map={SKU: " "}))
    assert [finding.reason for finding in lines.findings] == ["sku_missing"]


def test_the_same_sku_twice_stays_two_lines() -> None:
    """Two items with one SKU are two lines of the order, each with its own mark."""
    lines = fill_lines((make_line(), make_line(line_id="other")), make_rules())
    assert [item["extra6"] for item in lines.items] == [LINE_ID, "other"]
    assert [line.marketplace_line_id for line in lines.sent] == [LINE_ID, "other"]


def test_lines_without_goods_are_left_out() -> None:
    """A line of nothing is left out, also where its product would need a pack mode."""
    nothing = make_line(pack_quantity=0, unit_quantity=0, sku=None, unit_multiplier=None)
    no_units = make_line(pack_quantity=1, unit_quantity=0, sku=None, unit_multiplier=None)
    single = make_line(unit_multiplier=1)

    guarded = fill_lines((nothing, single), make_rules(pack_mode=None))
    by_unit = fill_lines((no_units, nothing, single), make_rules())

    for lines in (guarded, by_unit):
        assert [(item["sku"], item["quantity"]) for item in lines.items] == [(SKU, 12)]
        assert lines.findings == ()


@pytest.mark.parametrize(
    ("product", "variant", "name"),
    [
        ("Mug", "Blue", "Mug - Blue"),
        ("Mug", " mug ", "Mug"),
        ("Mug", None, "Mug"),
        (None, "Blue", "Blue"),
        (None, " ", ""),
    ],
)
def test_item_name(product: str | None, variant: str | None, name: str) -> None:
    """A line is called after its product, and after its variant where that says more."""
    assert item_name(make_line(product_name=product, variant_name=variant)) == name


@pytest.mark.parametrize(
    ("currency", "expected"),
    [("EUR", True), ("SEK", True), ("JPY", False), ("KWD", False), ("", False), ("EURO", False),
     ("E1R", False)],
)  # fmt: skip
def test_has_cents(currency: str, expected: bool) -> None:
    """Only a currency code with two decimals can be reckoned with."""
    assert has_cents(currency) is expected


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("unit", PackMode("unit")),
        ("pack", PackMode("pack")),
        (" factor:12 ", PackMode("factor", 12)),
    ],
)
def test_parse_pack_mode(text: str, mode: PackMode) -> None:
    """A pack mode reads as it is written in the settings."""
    assert parse_pack_mode(text) == mode
    assert str(mode) == text.strip()


@pytest.mark.parametrize("text", ["", "packs", "factor", "factor:0", "factor:-1", "factor:1.5"])
def test_parse_pack_mode_refuses(text: str) -> None:
    """Anything else is no pack mode."""
    with pytest.raises(ValueError, match="must be unit, pack or factor:n"):
        parse_pack_mode(text)


ORDER_LINES = st.lists(
    st.builds(
        make_line,
        sku=st.sampled_from(["A", "B", "C"]),
        line_id=st.uuids().map(str),
        pack_quantity=st.integers(1, 500),
        unit_multiplier=st.sampled_from([1, 6, 12]),
        amount_with_vat_minor=st.integers(0, 10**12),
        vat_rate=st.decimals(0, 100, places=2),
    ).map(lambda line: make_line(
        **{name: getattr(line, name) for name in line.__slots__}
        | {"unit_quantity": line.pack_quantity * line.unit_multiplier}
    )),
    min_size=1,
    max_size=6,
)  # fmt: skip


@given(
    lines=ORDER_LINES,
    modes=st.fixed_dictionaries(
        {}, optional={sku: st.sampled_from(["unit", "pack", "factor:6"]) for sku in "ABC"}
    ),
)
def test_nothing_is_lost_or_made_up(lines: list[Any], modes: dict[str, str]) -> None:
    """
    Every line is either sent with exactly its SKU, units and price, or a finding; prices in JSON
    have exactly the digits of the decimal.
    """
    result = fill_lines(tuple(lines), make_rules(pack_mode_by_sku=modes))

    sent = {line.marketplace_line_id: line for line in result.sent}
    held = [finding.field for finding in result.findings]
    assert len(sent) + len(held) == len(lines)
    assert Counter(item["sku"] for item in result.items) == Counter(
        line.sku for line in lines if line.line_id in sent
    )
    items = {item["extra6"]: item for item in result.items}
    for line in lines:
        if line.line_id not in sent:
            assert f"line {line.sku}" in held
            assert line.unit_quantity % 6, "only six units to a SKU can leave a rest"
            continue
        row, item = sent[line.line_id], items[line.line_id]
        assert row.sent_quantity * row.units_per_sku == line.unit_quantity
        assert item["quantity"] == row.sent_quantity
        exact = Decimal(line.amount_with_vat_minor) / 100 / row.sent_quantity
        rounded = exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert Decimal(json.dumps(item["price"])) == rounded
        assert Decimal(json.dumps(item["vat"])) == line.vat_rate


@given(st.decimals(-(10**10), 10**10, places=4))
def test_json_numbers_are_exact(number: Decimal) -> None:
    """A decimal is written in JSON with its own digits."""
    assert Decimal(json.dumps(json_number(number))) == number

"""
Every reason for which an order asks for a person: one table of code, sentence and cure.

The sentence says what is the case, the cure what the person does about it. A reason marked as a
task is about goods at the warehouse: a retry alone never clears it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person is needed and what they should do."""

    code: str
    sentence: str
    cure: str
    is_task: bool = False


_RETRY = "then retry the order."

_TABLE: tuple[Reason, ...] = (
    # Before the accept: what the review finds.
    Reason(
        "acceptance_manual",
        "The service accepts nothing by itself (ACCEPT_MODE is manual).",
        "Run `antbridge orders accept ORDER --reason WHY`, reject it, or answer it at Ankorstore;"
        " the service goes on by itself.",
    ),
    Reason(
        "acceptance_reverted",
        "Ankorstore took the acceptance of this order back.",
        "Accept it again at Ankorstore, or retry the order to have the service accept it.",
    ),
    Reason(
        "acceptance_unclear",
        "The answer to our accept was lost, and the order changed at Ankorstore since: it may have "
        "been accepted and taken back.",
        "Look at the order at Ankorstore: accept it there, or retry the order to have the service "
        "accept it.",
    ),
    Reason(
        "before_switch",
        "The order was submitted before the switch (TAKE_ORDERS_SUBMITTED_AFTER, or the end of "
        "shadow mode) and still waits for an answer.",
        "Answer it where such orders were handled before, or run `antbridge orders take ORDER "
        "--reason WHY`.",
    ),
    Reason(
        "order_unreadable",
        "Ankorstore's answer lacks something every order needs.",
        "Look at the order at Ankorstore; if it looks right there, report the field named, "
        + _RETRY,
    ),
    Reason(
        "pack_mode_unconfirmed",
        "A product is sold in packs, and nobody has said what one warehouse SKU is.",
        "Say what each such SKU is with `antbridge skus set SKU --pack-mode MODE` (unit, pack or "
        "factor:n) and the order goes on by itself; or set PACK_MODE, restart, " + _RETRY,
    ),
    Reason(
        "pack_mode_mismatch",
        "The ordered units cannot be expressed in whole warehouse SKUs.",
        "Correct what the SKU is with `antbridge skus set SKU --pack-mode MODE` and the order goes "
        "on by itself; or change the line at Ankorstore, " + _RETRY,
    ),
    Reason(
        "lines_missing",
        "The order has no line with a quantity.",
        "Look at the order at Ankorstore, " + _RETRY,
    ),
    Reason(
        "sku_missing",
        "A line has no SKU.",
        "Give the variant its SKU at Ankorstore, or give the line one for this order with "
        "`antbridge orders correct ORDER --sku LINE=SKU --reason WHY`, " + _RETRY,
    ),
    Reason(
        "sku_unknown",
        "The warehouse does not know a SKU of this order.",
        "Say which SKU it is there with `antbridge skus set SKU --warehouse-sku OTHER` and the "
        "order goes on by itself; or create the product at the warehouse, " + _RETRY,
    ),
    Reason(
        "stock_short",
        "The warehouse has fewer pieces than this order needs.",
        "Wait for stock, then retry the order; or accept it all the same or in part (`antbridge "
        "orders accept ORDER --reason WHY`, with `--partial`), or reject it.",
    ),
    Reason(
        "stock_unknown",
        "The warehouse's stock of a SKU could not be read.",
        "Make a stock source work, or set STOCK_CHECK=when_known, " + _RETRY,
    ),
    Reason(
        "preorder_line",
        "A line is a pre-order: its goods do not exist yet.",
        "Retry the order once the goods are at the warehouse, or answer it at Ankorstore.",
    ),
    Reason(
        "amount_missing",
        "A line has no usable price, currency or VAT rate.",
        "Correct the line at Ankorstore, " + _RETRY,
    ),
    Reason(
        "currency_unsupported",
        "The order's currency is missing or has no two decimals.",
        "Look at the order at Ankorstore, " + _RETRY,
    ),
    Reason(
        "reference_missing",
        "The order has no reference to make an order number from.",
        "Look at the order at Ankorstore, " + _RETRY,
    ),
    Reason(
        "order_number_too_short",
        "The order number would have fewer than the three characters the warehouse wants.",
        "Set ORDER_NUMBER_PREFIX (for example AK), restart, " + _RETRY,
    ),
    Reason(
        "recipient_missing",
        "The recipient has no name, organisation or retailer name to print on the label.",
        "Have the address corrected at Ankorstore, " + _RETRY,
    ),
    Reason(
        "email_missing",
        "The retailer has no e-mail address.",
        "Set FALLBACK_EMAIL to the brand's own address, restart, " + _RETRY,
    ),
    Reason(
        "street_missing",
        "The delivery address has no street.",
        "Have the address corrected at Ankorstore, " + _RETRY,
    ),
    Reason(
        "house_number_missing",
        "The street has no house number, and the warehouse cannot ship to this country without.",
        "Have the address corrected at Ankorstore, or correct it for this order with `antbridge "
        "orders correct ORDER --house-number N --reason WHY`, " + _RETRY,
    ),
    Reason(
        "address_unsure",
        "The street line can be read in more than one way; the house number would be a guess.",
        "Correct the split with `antbridge orders correct ORDER --street STREET --house-number N "
        "--reason WHY`, or have the address corrected at Ankorstore, " + _RETRY,
    ),
    Reason(
        "post_box",
        "The delivery address is a post box, which carriers do not serve.",
        "Have a street address set at Ankorstore, " + _RETRY,
    ),
    Reason(
        "postal_code_missing",
        "The delivery address has no postcode.",
        "Have the address corrected at Ankorstore, " + _RETRY,
    ),
    Reason(
        "postal_code_invalid",
        "The postcode does not have the form of its country.",
        "Have the address corrected at Ankorstore, " + _RETRY,
    ),
    Reason(
        "city_missing",
        "The delivery address has no city.",
        "Have the address corrected at Ankorstore, " + _RETRY,
    ),
    Reason(
        "country_missing",
        "The delivery address has no country.",
        "Have the address corrected at Ankorstore, " + _RETRY,
    ),
    Reason(
        "country_not_served",
        "The warehouse does not ship to this country, or it is not allowed yet.",
        "Add the country to ALLOWED_COUNTRIES if the warehouse serves it, restart, " + _RETRY,
    ),
    Reason(
        "special_territory",
        "The postcode lies in a territory with customs rules of its own.",
        "Arrange the shipment with the warehouse by hand, or answer the order at Ankorstore.",
    ),
    Reason(
        "retailer_asked_to_cancel",
        "The retailer has asked to cancel this order.",
        "Settle it with the retailer, then run `antbridge orders accept ORDER --reason WHY`, or "
        "reject it; if the warehouse has it and it shall not go, cancel it in Maya and at "
        "Ankorstore.",
    ),
    Reason(
        "rejected_too_late",
        "A person decided to reject this order, and Ankorstore shows it accepted.",
        "Have it cancelled at Ankorstore by its support; or run `antbridge orders accept ORDER "
        "--reason WHY`, and it is sent all the same.",
    ),
    Reason(
        "own_carrier_not_possible",
        "Ankorstore does not offer shipping with the brand's own carrier for this order.",
        "Change the shipping method at Ankorstore, " + _RETRY,
    ),
    Reason(
        "sku_archived",
        "A line's variant is archived at Ankorstore: the brand no longer sells it.",
        "Bring the variant back at Ankorstore, then retry; or accept the rest with `antbridge "
        "orders accept ORDER --partial --reason WHY`, or reject the order.",
    ),
    Reason(
        "phone_missing",
        "The retailer has no phone number, and the policy wants one.",
        "Set FALLBACK_PHONE and restart, then retry; or accept it as it is with `antbridge orders"
        " accept ORDER --reason WHY`.",
    ),
    Reason(
        "totals_mismatch",
        "The prices or the VAT of the lines do not add up to the order's totals.",
        "Compare the order at Ankorstore; if it is right all the same, run `antbridge orders "
        "accept ORDER --reason WHY`, else reject it.",
    ),
    Reason(
        "ship_by_unreachable",
        "The date by which the order must be shipped has passed, or is too close to be kept.",
        "Agree a later date with the retailer, then run `antbridge orders accept ORDER --reason "
        "WHY`; or reject the order.",
    ),
    Reason(
        "held_by_operator",
        "A person holds this order.",
        "Release it with `antbridge orders release ORDER --reason WHY`, or accept or reject it.",
    ),
    Reason(
        "correction_outdated",
        "The delivery address changed at Ankorstore after it was corrected here.",
        "See `antbridge orders preview ORDER`, then correct it again or take the correction back "
        "with `antbridge orders correct ORDER --clear --reason WHY`, " + _RETRY,
    ),
    Reason(
        "corrected_not_released",
        "A person corrected this order and has not released it yet.",
        "Look at what will be sent with `antbridge orders preview ORDER`, " + _RETRY,
    ),
    # Peers' refusals and contradictions.
    Reason(
        "unknown_marketplace_status",
        "Ankorstore shows a status this version does not know.",
        "Look at the order at Ankorstore; update the service if a newer version knows it, "
        + _RETRY,
    ),
    Reason(
        "marketplace_refused",
        "Ankorstore refused a call about this order.",
        "Read its words in the history, correct the order at Ankorstore, " + _RETRY,
    ),
    Reason(
        "warehouse_refused",
        "Active Ants refused this order.",
        "Read its words in the history, correct what they name, " + _RETRY,
    ),
    Reason(
        "number_taken",
        "Active Ants has an order with this number that is not proven to be ours.",
        "Compare it in Maya. If it is this order: `antbridge orders settle ORDER kept --reason "
        "WHY`. Else set ORDER_NUMBER_PREFIX, and the same with cancelled-in-maya.",
    ),
    Reason(
        "keeps_failing",
        "Twenty attempts failed while other orders succeeded with the same call.",
        "Read the last error in the history, correct what it names, " + _RETRY,
    ),
    Reason(
        "labels_generated",
        "Somebody generated an Ankorstore shipping label for this order.",
        "If the brand's own carrier shall ship it, take the label back: `antbridge orders "
        "reset-label ORDER --reason WHY`, or at Ankorstore, " + _RETRY,
    ),
    Reason(
        "accepted_differs",
        "Ankorstore shows other quantities than the service accepted.",
        "Compare the order at Ankorstore; a retry sends what Ankorstore shows then.",
    ),
    # After the warehouse has, or may have, the goods order.
    Reason(
        "cancelled_after_placing",
        "The order was cancelled or rejected after it went to the warehouse.",
        "Cancel the warehouse order in Maya now, and record it: `antbridge orders settle ORDER "
        "cancelled-in-maya --reason WHY`. Nothing is confirmed at Ankorstore.",
        is_task=True,
    ),
    Reason(
        "reverted_after_placing",
        "Ankorstore took the acceptance back after the order went to the warehouse.",
        "Stop the warehouse order in Maya (cancelled-in-maya), or have the order accepted again "
        "(kept); record it with `antbridge orders settle ORDER ANSWER --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "labels_after_placing",
        "An Ankorstore label exists although the warehouse ships with its own carrier.",
        "Take the label back (`antbridge orders reset-label ORDER --reason WHY`), or cancel it in"
        " Maya and record it: `antbridge orders settle ORDER cancelled-in-maya --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "fulfilment_after_placing",
        "Ankorstore's own logistics was asked to ship an order the warehouse has.",
        "Withdraw the request at Ankorstore (kept), or cancel the warehouse order in Maya "
        "(cancelled-in-maya); record it with `antbridge orders settle ORDER ANSWER --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "shipped_by_somebody_else",
        "Ankorstore shows the order shipped, and the service did not confirm it.",
        "Look in Maya: stop the warehouse order (cancelled-in-maya), or see that it was sent "
        "(shipped-anyway); record it with `antbridge orders settle ORDER ANSWER --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "replaced_order_shipped",
        "The warehouse shipped under an order number that is not this order's live one.",
        "Stop or take back those goods in Maya, then record it: `antbridge orders settle ORDER "
        "kept --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "cancelled_on_hold",
        "Ankorstore took the order back while it is on hold at the warehouse; it is not released.",
        "Delete the warehouse order in Maya and record it: `antbridge orders settle ORDER "
        "cancelled-in-maya --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "changed_on_hold",
        "Address or lines changed at Ankorstore while the order is on hold at the warehouse.",
        "Delete it in Maya (cancelled-in-maya, and then resend it) or change it there "
        "(changed-in-maya); record it with `antbridge orders settle ORDER ANSWER --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "address_changed_after_placing",
        "The delivery address changed at Ankorstore after the order went to the warehouse.",
        "Change the address of the warehouse order in Maya now, and record it: `antbridge orders "
        "settle ORDER changed-in-maya --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "lines_changed_after_placing",
        "The ordered quantities changed at Ankorstore after the order went to the warehouse.",
        "Change the lines of the warehouse order in Maya now, and record it: `antbridge orders "
        "settle ORDER changed-in-maya --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "cancelled_after_shipping",
        "The order was cancelled or rejected after the warehouse had sent it.",
        "Arrange the return (`antbridge returns open ORDER --reason WHY`), and record it: "
        "`antbridge orders settle ORDER shipped-anyway --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "address_changed_after_shipping",
        "The delivery address changed at Ankorstore after the warehouse had sent the order.",
        "Have the carrier redirect the parcel, and record it: `antbridge orders settle ORDER "
        "shipped-anyway --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "lines_changed_after_shipping",
        "The ordered quantities changed at Ankorstore after the warehouse had sent the order.",
        "Settle the difference with the retailer, and record it: `antbridge orders settle ORDER "
        "shipped-anyway --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "reopened_after_shipping",
        "Ankorstore shows an order open again that was shipped and confirmed.",
        "Have Ankorstore's support set it right, so that nothing is sent twice, and record it: "
        "`antbridge orders settle ORDER shipped-anyway --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "reopened_after_closing",
        "Ankorstore shows an order open again that had ended without our confirm.",
        "Have the service handle it: `antbridge orders take ORDER --reason WHY`; or answer or "
        "cancel it at Ankorstore, or have its support do so.",
    ),
    Reason(
        "shipped_though_cancelled",
        "The warehouse order was recorded as cancelled in Maya, and goods of it were sent.",
        "See in Maya what was sent, and record it: `antbridge orders settle ORDER shipped-anyway "
        "--reason WHY`.",
        is_task=True,
    ),
    Reason(
        "warehouse_order_cancelled",
        "The warehouse order was cancelled in Maya, and Ankorstore still shows the order accepted.",
        "Send it anew with `antbridge orders resend ORDER --reason WHY`, or cancel it at "
        "Ankorstore, or end it: `antbridge orders close ORDER --outcome OUTCOME --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "release_refused",
        "The warehouse refused to release the order it holds.",
        "Release it in Maya and record released-in-maya, or delete it there and record "
        "cancelled-in-maya: `antbridge orders settle ORDER ANSWER --reason WHY`.",
        is_task=True,
    ),
    Reason(
        "sku_not_ordered",
        "A shipment found by its number holds a SKU this order does not have.",
        "Compare the shipment in Maya with the order. If it is the order, perhaps as the parts of"
        " a bundle: `antbridge orders confirm-partial ORDER --reason WHY`.",
    ),
    Reason(
        "shipment_unreadable",
        "The warehouse tells of a shipment of this order in a form that could not be read.",
        "Look at the shipment in Maya and report what the history quotes. If it is the whole "
        "order: `antbridge orders confirm-partial ORDER --reason WHY`.",
    ),
    Reason(
        "partial_shipment_overdue",
        "The warehouse sent a part of the order and the rest has not followed.",
        "Ask the warehouse for the rest. Retry the order to wait once more, or have what was sent"
        " confirmed as it is: `antbridge orders confirm-partial ORDER --reason WHY`.",
    ),
    Reason(
        "no_shipment",
        "The warehouse has had the order for days and has sent nothing of it.",
        "Look at it in Maya, by the number or link named: it may be Not Valid there. Correct it "
        "there or ask the warehouse, then retry the order; shipments move it on by themselves.",
    ),
    # The way back to the marketplace.
    Reason(
        "too_many_parcels",
        "The order was sent in more than 20 parcels, more than a quote can hold.",
        "Give the parcels as they can be quoted, `antbridge orders parcels ORDER --kg KG --cm "
        "LxWxH --reason WHY`, or confirm the shipment at Ankorstore by hand with the brand's own "
        "carrier.",
    ),
    Reason(
        "parcel_too_heavy",
        "The average parcel weighs more than the 30 kg a quote can hold.",
        "Give the parcels as they really are, `antbridge orders parcels ORDER --kg KG --cm LxWxH "
        "--reason WHY`, or confirm the shipment at Ankorstore by hand.",
    ),
    Reason(
        "parcel_too_large",
        "The parcel size exceeds what a quote can hold (274 cm a side, 400 cm with girth).",
        "Give the parcels as they really are, `antbridge orders parcels ORDER --kg KG --cm LxWxH "
        "--reason WHY`; or correct PARCEL_DEFAULT_CM, restart, " + _RETRY,
    ),
    Reason(
        "quote_unclear",
        "Ankorstore offered no single quote that is surely the brand's own carrier.",
        "Confirm the shipment at Ankorstore by hand, or correct "
        "ANKORSTORE_BRAND_LABEL_CARRIER_CODE, restart, " + _RETRY,
    ),
    Reason(
        "wrong_label_confirmed",
        "After our confirm Ankorstore shows its own carrier instead of the brand's.",
        "Take the label back today, before a carrier collects twice: `antbridge orders "
        "reset-label ORDER --reason WHY`; or at Ankorstore, and record that as kept.",
        is_task=True,
    ),
    Reason(
        "confirm_not_shown",
        "The shipment was confirmed an hour ago and Ankorstore still does not show it shipped.",
        "Look at the order at Ankorstore and ask its support; "
        "retry the order once it shows shipped.",
    ),
    Reason(
        "confirm_manual",
        "The service confirms nothing before a person has seen the parcels: CONFIRM_MODE is "
        "manual, or more was sent since they were given.",
        "Compare weights and sizes: `antbridge orders parcels ORDER --as-reckoned --reason WHY` "
        "if they are right, or with `--kg KG --cm LxWxH` and the right ones.",
    ),
    # After it was shipped: goods that come back.
    Reason(
        "reception_refused",
        "The retailer refused the delivery; the goods are on their way back.",
        "Announce them to the warehouse, `antbridge returns open ORDER --reason WHY`, or close "
        "the case, `antbridge returns close ORDER --reason WHY`.",
    ),
    Reason(
        "return_unclear",
        "A return was announced to the warehouse and no answer came; nothing can look it up.",
        "Look in Maya. If it is there: `antbridge returns open ORDER --rma-id ID --reason WHY`; "
        "if not: `antbridge returns open ORDER --again --reason WHY`.",
    ),
    Reason(
        "return_refused",
        "The warehouse refused the announcement of a return.",
        "Read its words in the detail, settle it in Maya or with the warehouse, then `antbridge "
        "returns open ORDER --again --reason WHY`, or close the case.",
    ),
    Reason(
        "return_label_refused",
        "The warehouse can make no return label for a shipment.",
        "Arrange the way back with the warehouse, then close the case: `antbridge returns close "
        "ORDER --reason WHY`.",
    ),
    Reason(
        "tracking_differs",
        "Ankorstore shows another tracking than the one that was sent.",
        "Correct the tracking at Ankorstore, " + _RETRY,
    ),
)

REASONS: dict[str, Reason] = {reason.code: reason for reason in _TABLE}


def reason_of(code: str) -> Reason:
    """Return the reason of *code*; one written by a newer version still reads as itself."""
    return REASONS.get(
        code, Reason(code, f"Reason {code}.", "A newer version of the service wrote this reason.")
    )

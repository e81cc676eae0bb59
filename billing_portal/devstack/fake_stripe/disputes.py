"""Disputes: the bank takes the money back, and gives it again if we win."""

from __future__ import annotations

from billing_portal.devstack.fake_stripe import balance, events
from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.calls import Call, Route, page, update
from billing_portal.devstack.fake_stripe.parameters import LIST, Spec, flag, metadata, text
from billing_portal.devstack.fake_stripe.refusals import NotNow

DISPUTE_FEE = 1500
DAYS_TO_ANSWER = 9
EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy",
    "cancellation_policy_disclosure", "cancellation_rebuttal", "customer_communication",
    "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature",
    "duplicate_charge_documentation", "duplicate_charge_explanation", "duplicate_charge_id",
    "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address",
    "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number",
    "uncategorized_file", "uncategorized_text",
)  # fmt: skip
OPEN = ("needs_response", "under_review")


def open_dispute(
    book: Book, charge: Json, *, amount: int | None = None, reason: str = "fraudulent"
) -> Json:
    """Dispute a charge, or what is left of it: the money goes at once, with a fee."""
    left = charge["amount"] - charge["amount_refunded"] if charge["captured"] else 0
    amount = left if amount is None else amount
    if charge["disputed"] or not 0 < amount <= left:
        raise NotNow(f"Charge {charge['id']} cannot be disputed with {amount}.", param="charge")
    identity, currency = book.new_id("du"), charge["currency"]
    taken = balance.move(book, -amount, currency, "adjustment", identity, fee=DISPUTE_FEE)
    dispute = {
        "id": identity,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [taken],
        "charge": charge["id"],
        "created": book.now(),
        "currency": currency,
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": book.now() + DAYS_TO_ANSWER * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": charge["payment_method_details"]["card"]["brand"],
                "case_type": "chargeback",
                "network": charge["payment_method_details"]["card"]["network"],
                "network_reason_code": "83",
            },
            "type": "card",
        },
        "reason": reason,
        "status": "needs_response",
    }
    book.add(dispute)
    events.tell(book, "charge.dispute.created", dispute)
    events.tell(book, "charge.dispute.funds_withdrawn", dispute)
    disputed = {**book.get("charge", charge["id"]), "disputed": True}
    events.save(book, disputed, before=charge, kind="charge.updated")
    return dispute


def decide(book: Book, identity: str, *, won: bool) -> Json:
    """Let the bank decide."""
    dispute = book.get("dispute", identity, param="dispute")
    if dispute["status"] not in OPEN:
        raise NotNow(f"This dispute is already closed: {dispute['status']}.")
    decided = {**dispute, "status": "won" if won else "lost"}
    if won:
        back = balance.move(book, dispute["amount"], dispute["currency"], "adjustment", identity)
        decided["balance_transactions"] = [*dispute["balance_transactions"], back]
        decided["is_charge_refundable"] = True
    events.save(book, decided, before=dispute, kind="charge.dispute.closed")
    if won:
        events.tell(book, "charge.dispute.funds_reinstated", decided)
    return decided


def modify(call: Call) -> Json:
    """Hand evidence in; `winning_evidence` and `losing_evidence` decide as at Stripe."""
    dispute = retrieve(call)
    if dispute["status"] not in OPEN:
        raise NotNow(f"This dispute is already closed: {dispute['status']}.")
    given = call.take("evidence") or {}
    changed = update(call, dispute)
    changed["evidence"] = {**dispute["evidence"], **given}
    details = dispute["evidence_details"]
    changed["evidence_details"] = {**details, "has_evidence": any(changed["evidence"].values())}
    if call.take("submit", True) and given:
        changed["status"] = "under_review"
        changed["evidence_details"]["submission_count"] = details["submission_count"] + 1
    events.save(call.book, changed, before=dispute, kind="charge.dispute.updated")
    words = given.get("uncategorized_text")
    if changed["status"] == "under_review" and words in ("winning_evidence", "losing_evidence"):
        return decide(call.book, call.id, won=words == "winning_evidence")
    return changed


def close(call: Call) -> Json:
    """Give in: the dispute is lost."""
    retrieve(call)
    return decide(call.book, call.id, won=False)


def retrieve(call: Call) -> Json:
    """Return a dispute."""
    return call.book.get("dispute", call.id, param="dispute")


def list_all(call: Call) -> Json:
    """List disputes."""
    filters = {name: call.take(name) for name in ("charge", "payment_intent")}
    return page(call, "dispute", url="/v1/disputes", **filters)


CHANGE: Spec = {
    "evidence": dict.fromkeys(EVIDENCE, text),
    "metadata": metadata,
    "submit": flag,
}
ROUTES = (
    Route("GET", "/v1/disputes", list_all, {**LIST, "charge": text, "payment_intent": text}),
    Route("GET", "/v1/disputes/{id}", retrieve),
    Route("POST", "/v1/disputes/{id}", modify, CHANGE),
    Route("POST", "/v1/disputes/{id}/close", close),
)

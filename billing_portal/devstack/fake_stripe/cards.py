"""Test cards: their numbers and names at Stripe, and what each answers to a charge or a hold."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from billing_portal.devstack.fake_stripe.book import Book, Json
from billing_portal.devstack.fake_stripe.refusals import Refused

BRANDS = {
    "visa": "4242424242424242",
    "mastercard": "5555555555554444",
    "amex": "378282246310005",
    "discover": "6011111111111117",
    "diners": "3056930009020004",
    "jcb": "3566002020360505",
    "unionpay": "6200000000000005",
}


@dataclass(frozen=True)
class Decline:
    """How an issuer says no."""

    code: str
    decline_code: str
    message: str = "Your card was declined."
    advice: str = "try_again_later"


@dataclass(frozen=True)
class Card:
    """One of Stripe's test cards."""

    number: str
    answer: str
    names: tuple[str, ...]
    brand: str = "visa"


DECLINES = {
    "declined": Decline("card_declined", "generic_decline"),
    # As declined, but it cannot even be saved.
    "refused": Decline("card_declined", "generic_decline"),
    "insufficient_funds": Decline(
        "card_declined", "insufficient_funds", "Your card has insufficient funds."
    ),
    "stolen_card": Decline("card_declined", "stolen_card", advice="do_not_try_again"),
    "lost_card": Decline("card_declined", "lost_card", advice="do_not_try_again"),
    "closed_account": Decline("card_declined", "invalid_account", advice="do_not_try_again"),
    "expired": Decline(
        "expired_card", "expired_card", "Your card has expired.", "confirm_card_data"
    ),
    "incorrect_cvc": Decline(
        "incorrect_cvc",
        "incorrect_cvc",
        "Your card's security code is incorrect.",
        "confirm_card_data",
    ),
    "processing_error": Decline(
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "needs_action": Decline(
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
}
# They move the money; what is odd comes after.
PAYS = ("ok", "lost_answer", "dispute", "refund_fails")
ANSWERS = (*DECLINES, *PAYS)
# What a card answers to a charge only: its hold succeeds.
CHARGES_ONLY = ("needs_action", "lost_answer")

CARDS = (
    Card("4242424242424242", "ok", ("visa",)),
    Card("4000056655665556", "ok", ("visa_debit",)),
    Card("5555555555554444", "ok", ("mastercard",), "mastercard"),
    Card("378282246310005", "ok", ("amex",), "amex"),
    Card("6011111111111117", "ok", ("discover",), "discover"),
    Card("3056930009020004", "ok", ("diners",), "diners"),
    Card("3566002020360505", "ok", ("jcb",), "jcb"),
    Card("6200000000000005", "ok", ("unionpay",), "unionpay"),
    Card("4000000000000002", "refused", ("chargeDeclined", "visa_chargeDeclined")),
    Card("4000000000000341", "declined", ("chargeCustomerFail",)),
    Card(
        "4000000000009995",
        "insufficient_funds",
        ("visa_chargeDeclinedInsufficientFunds", "chargeDeclinedInsufficientFunds"),
    ),
    Card("4000000000009987", "lost_card", ("visa_chargeDeclinedLostCard",)),
    Card("4000000000009979", "stolen_card", ("visa_chargeDeclinedStolenCard",)),
    Card("4000000000000069", "expired", ("chargeDeclinedExpiredCard",)),
    Card("4000000000000127", "incorrect_cvc", ("chargeDeclinedIncorrectCvc",)),
    Card("4000000000000119", "processing_error", ("chargeDeclinedProcessingError",)),
    Card("4000002760003184", "needs_action", ("authenticationRequired",)),
    Card("4000000000000259", "dispute", ("createDispute",)),
    Card("4000000000005126", "refund_fails", ("refundFail",)),
    # These two are the fake's own; Stripe has no such numbers.
    Card("4000000000008888", "lost_answer", ("lostAnswer",)),
    Card("4000000000008889", "closed_account", ("closedAccount",)),
)


def named(name: str) -> Card | None:
    """Return the card of a test id (`pm_card_visa`, `tok_visa`) or of a number."""
    word = name.removeprefix("pm_card_").removeprefix("tok_")
    return next((card for card in CARDS if word in card.names or word == card.number), None)


def answering(answer: str, *, brand: str = "visa") -> Card:
    """Return a card that answers so.

    :raises ValueError: no card does.
    """
    if brand not in BRANDS:
        raise ValueError(f"{brand} is none of {', '.join(BRANDS)}")
    found = next((card for card in CARDS if (card.answer, card.brand) == (answer, brand)), None)
    if found:
        return found
    if answer not in ANSWERS:
        raise ValueError(f"{answer} is none of {', '.join(ANSWERS)}")
    return Card(BRANDS[brand], answer, (), brand)


def answer_of(book: Book, method: str) -> str:
    """Return what a saved card answers now."""
    return book.note(f"answer:{method}") or "ok"


def set_answer(book: Book, method: str, answer: str) -> None:
    """Let a saved card answer so from now on.

    :raises ValueError: there is no such answer.
    """
    if answer not in ANSWERS:
        raise ValueError(f"{answer} is none of {', '.join(ANSWERS)}")
    book.get("payment_method", method)
    book.write_note(f"answer:{method}", answer)


def details(card: Card, *, last4: str | None, expires: tuple[int, int]) -> Json:
    """Return the card as a payment method shows it."""
    month, year = expires
    last4 = last4 or card.number[-4:]
    print_of = hashlib.sha256(f"{card.brand}{card.number}{last4}".encode()).hexdigest()
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass",
        },
        "country": "US",
        "display_brand": "american_express" if card.brand == "amex" else card.brand,
        "exp_month": month,
        "exp_year": year,
        "fingerprint": print_of[:16],
        "funding": "debit" if "debit" in "".join(card.names) else "credit",
        "generated_from": None,
        "last4": last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def chosen(name: str, *, brand: str = "visa") -> Card:
    """Return the card that a person chose by answer, test id or number."""
    card = named(name)
    if card is None and name in ANSWERS:
        return answering(name, brand=brand)
    if card is None:
        raise Refused(f"There is no test card {name}", param="card")
    return card

"""The socket to Stripe: plain facts in, plain facts out, and what no answer means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import stripe
from django.conf import settings

from payments import facts
from payments.answers import StripeSilent, answers
from payments.facts import CardFacts, Charge, DisputeFacts, Intent, RefundFacts, Session
from payments.transport import InProcess, OutsideTransactions, Transport, https


class Gateway:
    """Asks Stripe one thing per method, and waits: within a transaction it refuses to.

    Every method raises :class:`StripeSilent` where no usable answer came, and
    :class:`StripeRefused` where the request was refused for good.
    """

    def __init__(self, client: stripe.StripeClient) -> None:
        self.v1 = client.v1

    # --- customers and cards -------------------------------------------------------------

    def make_customer(self, organization: str, *, name: str, email: str, key: str) -> str:
        """Make a customer for an organization (its external id); answers the id at Stripe."""
        params: Any = {"name": name[:250], "metadata": {"organization": organization}}
        if email:
            params["email"] = email
        with answers():
            return self.v1.customers.create(params, _key(key)).id

    def has_customer(self, customer: str) -> bool:
        """Answer whether there is such a customer, who was not deleted."""
        with answers():
            return not _plain(self.v1.customers.retrieve(customer)).get("deleted")

    def card(self, card: str) -> CardFacts:
        """Look one card up."""
        with answers():
            return facts.card_facts(_plain(self.v1.payment_methods.retrieve(card)))

    def cards_of(self, customer: str) -> list[CardFacts]:
        """List the cards that are attached to a customer."""
        params: Any = {"customer": customer, "type": "card", "limit": 100}
        with answers():
            page = self.v1.payment_methods.list(params)
            return [facts.card_facts(_plain(method)) for method in page.auto_paging_iter()]

    def default_card_of(self, customer: str) -> str:
        """Answer the id of the customer's default card at Stripe, or nothing."""
        with answers():
            found = _plain(self.v1.customers.retrieve(customer))
        return str((found.get("invoice_settings") or {}).get("default_payment_method") or "")

    def set_default_card(self, customer: str, card: str) -> None:
        """Let the customer's default at Stripe be this card, as the billing portal shows it."""
        params: Any = {"invoice_settings": {"default_payment_method": card}}
        with answers():
            self.v1.customers.update(customer, params)

    def detach_card(self, card: str) -> None:
        """Take a card off its customer; one that is gone already is off."""
        with answers():
            try:
                self.v1.payment_methods.detach(card)
            except stripe.InvalidRequestError as error:
                if not _is_gone(error):
                    raise

    # --- hosted pages --------------------------------------------------------------------

    def open_setup(
        self, customer: str, *, organization: str, urls: tuple[str, str], key: str
    ) -> Session:
        """Open the page on which a card is added; ``urls`` are for success and for walking away."""
        params: Any = {
            "mode": "setup",
            "customer": customer,
            "payment_method_types": ["card"],
            "success_url": urls[0],
            "cancel_url": urls[1],
            "metadata": {"organization": organization},
        }
        with answers():
            return facts.session_facts(_plain(self.v1.checkout.sessions.create(params, _key(key))))

    def open_checkout(
        self, charge: Charge, *, urls: tuple[str, str], keep: bool, key: str
    ) -> Session:
        """Open the page on which a payment is made, by a card of the payer's choice.

        ``keep`` saves the card for later charges.
        """
        metadata = {**charge.metadata, "payment": charge.payment}
        intent: dict[str, Any] = {"metadata": metadata, "description": charge.description}
        if keep:
            intent["setup_future_usage"] = "off_session"
        price = {
            "currency": charge.amount.currency.lower(),
            "unit_amount": charge.amount.minor,
            "product_data": {"name": charge.description},
        }
        params: Any = {
            "mode": "payment",
            "customer": charge.customer,
            "payment_method_types": ["card"],
            "line_items": [{"price_data": price, "quantity": 1}],
            "payment_intent_data": intent,
            "client_reference_id": charge.payment,
            "metadata": metadata,
            "success_url": urls[0],
            "cancel_url": urls[1],
        }
        with answers():
            return facts.session_facts(_plain(self.v1.checkout.sessions.create(params, _key(key))))

    def session(self, session: str) -> Session:
        """Look a hosted page up, with what became of it."""
        params: Any = {"expand": ["payment_intent.latest_charge", "setup_intent"]}
        with answers():
            return facts.session_facts(_plain(self.v1.checkout.sessions.retrieve(session, params)))

    def close_session(self, session: str) -> None:
        """Let nobody pay on a hosted page any more; one that is over already stays as it is."""
        with answers():
            try:
                self.v1.checkout.sessions.expire(session)
            except stripe.InvalidRequestError as error:
                if error.code == "resource_missing":
                    raise

    def open_portal(self, customer: str, *, return_url: str) -> str:
        """Open Stripe's billing portal; answers its address, which is good once and for minutes."""
        params: Any = {"customer": customer, "return_url": return_url}
        with answers():
            return self.v1.billing_portal.sessions.create(params).url

    # --- charges -------------------------------------------------------------------------

    def charge(self, charge: Charge, *, key: str) -> Intent:
        """Charge a saved card at once; a decline is an answer, and so is the wish to be asked."""
        params = facts.charge_params(charge)
        if not charge.present:
            params["off_session"] = True
        return self._charge(charge, params, key)

    def hold(self, charge: Charge, *, key: str) -> Intent:
        """Hold an amount on a card without ever taking it."""
        params = {**facts.charge_params(charge), "capture_method": "manual"}
        return self._charge(charge, params, key)

    def cancel(self, intent: str) -> Intent:
        """Give an intent up, which voids its hold; one that is over already stays as it is."""
        with answers():
            try:
                return facts.intent_facts(_plain(self.v1.payment_intents.cancel(intent)))
            except stripe.InvalidRequestError as error:
                if error.code != "payment_intent_unexpected_state":
                    raise
        return self.intent(intent)

    def intent(self, intent: str) -> Intent:
        """Look one attempt up."""
        params: Any = {"expand": ["latest_charge"]}
        with answers():
            return facts.intent_facts(_plain(self.v1.payment_intents.retrieve(intent, params)))

    def find_intent(self, customer: str, *, payment: str, since: int) -> Intent | None:
        """Find what was asked for a payment of ours, when its answer was lost.

        ``since`` is a Unix time. Lists rather than searches: Stripe's search lags behind.
        """
        params: Any = {"customer": customer, "created": {"gte": since}, "limit": 100}
        with answers():
            page = self.v1.payment_intents.list(params)
            for found in page.auto_paging_iter():
                if _plain(found).get("metadata", {}).get("payment") == payment:
                    return facts.intent_facts(_plain(found))
        return None

    def _charge(self, charge: Charge, params: Any, key: str) -> Intent:
        with answers():
            try:
                return facts.intent_facts(_plain(self.v1.payment_intents.create(params, _key(key))))
            except stripe.CardError as error:
                return facts.declined_facts(_error_of(error), charge)

    # --- money that goes back ------------------------------------------------------------

    def refund(self, intent: str, *, amount_minor: int, refund: str, key: str) -> RefundFacts:
        """Send money of a paid intent back; ``refund`` is our own id of it."""
        params: Any = {
            "payment_intent": intent,
            "amount": amount_minor,
            "metadata": {"refund": refund},
        }
        with answers():
            return facts.refund_facts(_plain(self.v1.refunds.create(params, _key(key))))

    def refund_facts(self, refund: str) -> RefundFacts:
        """Look one refund up."""
        with answers():
            return facts.refund_facts(_plain(self.v1.refunds.retrieve(refund)))

    def refunds_of(self, intent: str) -> list[RefundFacts]:
        """List what went back of an intent."""
        params: Any = {"payment_intent": intent, "limit": 100}
        with answers():
            return [
                facts.refund_facts(_plain(found))
                for found in self.v1.refunds.list(params).auto_paging_iter()
            ]

    def dispute(self, dispute: str) -> DisputeFacts:
        """Look one dispute up."""
        with answers():
            return facts.dispute_facts(_plain(self.v1.disputes.retrieve(dispute)))

    # --- for looking back ----------------------------------------------------------------

    def events_since(self, since: int) -> Iterator[dict[str, Any]]:
        """List what Stripe said from a Unix time on, newest first."""
        params: Any = {"created": {"gte": since}, "limit": 100}
        with answers():
            for event in self.v1.events.list(params).auto_paging_iter():
                yield _plain(event)

    def intents_since(self, since: int) -> Iterator[Intent]:
        """List the attempts made from a Unix time on, newest first."""
        params: Any = {"created": {"gte": since}, "limit": 100, "expand": ["data.latest_charge"]}
        with answers():
            for found in self.v1.payment_intents.list(params).auto_paging_iter():
                yield facts.intent_facts(_plain(found))


def at_stripe() -> Gateway:
    """Answer the gateway of this site's settings.

    :raises StripeSilent: the site has no key, so nobody can be asked.
    """
    if not settings.STRIPE_SECRET_KEY:
        raise StripeSilent("Card payments are not set up on this site yet.")
    transport: Transport | None = settings.STRIPE_TRANSPORT
    return through(InProcess(transport) if transport else https())


def through(client: stripe.HTTPClient, *, within_transactions: bool = False) -> Gateway:
    """Make a gateway whose requests go through a client of HTTP, or of none.

    ``within_transactions`` is for those who answer at once and keep nobody waiting.
    """
    way = client if within_transactions else OutsideTransactions(client)
    return Gateway(
        stripe.StripeClient(
            settings.STRIPE_SECRET_KEY,
            stripe_version=settings.STRIPE_API_VERSION,
            base_addresses={"api": settings.STRIPE_API_BASE},
            # A repeated request would hide for a minute that the answer is not known; the sweep
            # asks again, under the same key.
            max_network_retries=0,
            http_client=way,
        )
    )


def _is_gone(error: stripe.InvalidRequestError) -> bool:
    # Detaching what is detached answers without a code of its own.
    return error.code == "resource_missing" or "not attached" in (error.user_message or "")


def _error_of(error: stripe.CardError) -> facts.Plain:
    body: Any = error.json_body or {}
    plain: facts.Plain = body.get("error", {})
    return plain


def _key(key: str) -> Any:
    return {"idempotency_key": key}


def _plain(found: stripe.StripeObject) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(str(found))
    return plain

"""The hosted pages at work: what is shown, and what a person's choice does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from billing_portal.devstack.fake_stripe import (
    checkout_paying,
    events,
    pages,
    payment_methods,
    portal,
    portal_pages,
)
from billing_portal.devstack.fake_stripe.api import FakeStripe
from billing_portal.devstack.fake_stripe.book import Json, Moment
from billing_portal.devstack.fake_stripe.calls import Call
from billing_portal.devstack.fake_stripe.checkout import items_of
from billing_portal.devstack.fake_stripe.refusals import CardDeclined, Missing, NotNow, Refused


@dataclass(frozen=True)
class Shown:
    """A page, or another address to go to."""

    html: str = ""
    status: int = 200
    location: str = ""


class Hosting:
    """Shows Checkout, 3-D Secure, the billing portal, receipts and the book."""

    def __init__(self, fake: FakeStripe) -> None:
        self._fake = fake
        self._book = fake.store

    def get(self, path: str) -> Shown:
        """Show a page."""
        self._fake.tick()
        match path.strip("/").split("/"):
            case [""]:
                return Shown(portal_pages.overview(self._book, self._fake.deliveries.mode.words()))
            case ["c", "pay", name]:
                return self._checkout(name)
            case ["three_d_secure", name]:
                return self._secure(name)
            case ["p", "session", name]:
                return Shown(portal_pages.portal(self._book, self._portal_session(name)))
            case ["receipts", name]:
                return Shown(portal_pages.receipt(self._book.get("charge", name)))
        raise Missing("page", path)

    def post(self, path: str, form: Mapping[str, str]) -> Shown:
        """Do what a person chose."""
        self._fake.tick()
        match path.strip("/").split("/"):
            case ["c", "pay", name]:
                return self._pay(name, form)
            case ["three_d_secure", name]:
                return self._authenticate(name, passed=form.get("passed") == "yes")
            case ["p", "session", name]:
                return self._portal(name, form)
        raise Missing("page", path)

    # --- Checkout ---------------------------------------------------------------------------

    def _checkout(self, name: str, words: str = "") -> Shown:
        session = self._book.get("checkout.session", name)
        if session["status"] != "open":
            return self._closed(session)
        saved = self._saved(session) if session["mode"] == "payment" else []
        return Shown(pages.checkout(session, items_of(self._book, name), saved, words=words))

    def _saved(self, session: Json) -> list[Json]:
        """Return the customer's cards, the default first."""
        owner = self._book.find(session["customer"])
        if owner is None or owner.get("deleted"):
            return []
        default = owner["invoice_settings"]["default_payment_method"]
        methods = self._book.all("payment_method", customer=owner["id"])
        return sorted(methods, key=lambda method: bool(method["id"] != default))

    def _closed(self, session: Json) -> Shown:
        if session["status"] == "expired":
            words = "This page has expired. Nothing was charged. Go back and begin again."
            return Shown(pages.notice("Expired", words, link=session["cancel_url"], go="Back"))
        paid = "paid" if session["mode"] == "payment" else "saved the card"
        words = f"You have {paid} already. Nothing will be charged a second time."
        return Shown(pages.notice("All done here", words, link=_success(session), go="Back"))

    def _pay(self, name: str, form: Mapping[str, str]) -> Shown:
        session = self._book.get("checkout.session", name)
        if session["status"] != "open":
            return self._closed(session)
        moment = Moment()
        try:
            with self._book.within(moment):
                session = self._book.get("checkout.session", name)
                expires = self._expiry(form.get("expires", "later"))
                method = checkout_paying.card_for(
                    self._book, session, form.get("card", ""), expires=expires
                )
                save = form.get("save") == "yes"
                site = self._fake.site
                done = checkout_paying.submit(self._book, session, method, site=site, save=save)
        except CardDeclined as declined:
            return self._checkout(name, declined.message)
        if moment.lost:
            return self._hung_up(done)
        return self._after(done)

    def _expiry(self, word: str) -> tuple[int, int] | None:
        today = dt.datetime.fromtimestamp(self._book.now(), dt.UTC)
        return (today.month, today.year) if word == "soon" else None

    def _hung_up(self, session: Json) -> Shown:
        words = (
            "The card was charged, and then the connection died: the shop hears nothing of it, "
            "neither from this page nor by a webhook. It has to ask by itself."
        )
        back = session["cancel_url"]
        return Shown(pages.notice("The connection was lost", words, link=back, go="Back"))

    def _after(self, session: Json) -> Shown:
        if session["status"] == "complete":
            return Shown(status=303, location=_success(session))
        intent = session["payment_intent"] or session["setup_intent"]
        return Shown(status=303, location=f"/three_d_secure/{intent}")

    # --- 3-D Secure -------------------------------------------------------------------------

    def _secure(self, name: str) -> Shown:
        intent = self._book.find(name)
        if intent is None or intent["object"] not in ("payment_intent", "setup_intent"):
            raise Missing("intent", name)
        if intent["status"] != "requires_action":
            words = "Nobody waits for your bank's answer any more."
            return Shown(pages.notice("Nothing to confirm", words))
        return Shown(pages.secure(intent))

    def _authenticate(self, name: str, *, passed: bool) -> Shown:
        intent = self._book.find(name)
        if intent is None or intent.get("status") != "requires_action":
            return self._secure(name)
        if session := self._book.note(f"session:{name}"):
            done = self._fake.authenticate(session, passed=passed)
            if done["status"] == "complete":
                return self._after(done)
            return self._checkout(session, _error(self._book.find(name)))
        action = intent["next_action"].get("redirect_to_url") or {}
        try:
            self._fake.authenticate_intent(name, passed=passed)
        except CardDeclined:
            passed = False
        if not action:
            return Shown(pages.notice("Done", "You can close this page."))
        query = {
            intent["object"]: name,
            f"{intent['object']}_client_secret": intent["client_secret"],
            "redirect_status": "succeeded" if passed else "failed",
        }
        return Shown(status=303, location=_with_query(action["return_url"], query))

    # --- The billing portal -----------------------------------------------------------------

    def _portal_session(self, name: str) -> Json:
        session = self._book.get("billing_portal.session", name)
        if self._book.now() > session["created"] + portal.LIVES_SECONDS:
            raise NotNow("This link has expired. Go back to the shop and open a new one.")
        return session

    def _portal(self, name: str, form: Mapping[str, str]) -> Shown:
        session = self._portal_session(name)
        do, here = form.get("do"), f"/p/session/{name}"
        allowed = self._book.get("billing_portal.configuration", session["configuration"])
        if not allowed["features"]["payment_method_update"]["enabled"]:
            raise NotNow("The shop does not allow this here.")
        if do == "add":
            return Shown(status=303, location=self._add_card(session["customer"], here))
        with self._book.within(Moment()):
            method = self._book.get("payment_method", form.get("card", ""))
            if method["customer"] != session["customer"]:
                raise Missing("PaymentMethod", method["id"])
            if do == "remove":
                payment_methods.detach(Call(self._book, {}, {"id": method["id"]}))
            elif do == "default":
                self._make_default(session["customer"], method["id"])
        return Shown(status=303, location=here)

    def _make_default(self, customer: str, method: str) -> None:
        owner = self._book.get("customer", customer)
        settings = {**owner["invoice_settings"], "default_payment_method": method}
        changed = {**owner, "invoice_settings": settings}
        events.save(self._book, changed, before=owner)

    def _add_card(self, customer: str, here: str) -> str:
        """Open a page on which a card is saved, which comes back here."""
        back = f"{self._fake.site}{here}"
        with self._book.within(Moment()):
            return self._fake.open_setup(customer, back)


def _success(session: Json) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _error(intent: Json | None) -> str:
    error = (intent or {}).get("last_payment_error") or (intent or {}).get("last_setup_error")
    return str((error or {}).get("message", "That did not work. Please choose another card."))


def _with_query(url: str, query: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    joined = [*parse_qsl(parts.query, keep_blank_values=True), *query.items()]
    return urlunsplit(parts._replace(query=urlencode(joined)))


def refused_page(refused: Refused) -> Shown:
    """Return what a person reads where the API would answer an error."""
    return Shown(pages.notice("This does not work", refused.message), refused.status)

"""Somebody answers for Stripe while a plan of the future is rehearsed; the network is never asked.

A charge is paid, or declined. What only the real Stripe knows (payments that are under way, cards,
pages that are open) gets no answer, and so stays as it is.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from payments.gateway import Gateway, through
from payments.transport import InProcess

CHARGES = ("POST", "/v1/payment_intents")
DECLINED = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
}


@dataclass(slots=True)
class StandIn:
    """Answers as Stripe would, and keeps what it was asked."""

    declines: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def gateway(self) -> Gateway:
        """How the product asks it; a rehearsal is one transaction, and is taken back."""
        return through(InProcess(self.answer), within_transactions=True)

    @property
    def unanswered(self) -> int:
        """How many questions only the real Stripe could answer."""
        return sum(question != CHARGES for question in self.asked)

    def answer(
        self, method: str, path: str, body: str, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answer a request.

        :raises ConnectionError: it is no charge.
        """
        question = (method, path.partition("?")[0])
        self.asked.append(question)
        if question != CHARGES:
            raise ConnectionError("only Stripe knows")
        intent = self._intent(parse_qs(body))
        if self.declines:
            return _json(402, {"error": {**DECLINED, "payment_intent": intent}})
        return _json(200, intent)

    def _intent(self, asked: Mapping[str, list[str]]) -> dict[str, Any]:
        number = next(self._numbers)
        return {
            "id": f"pi_rehearsed_{number}",
            "object": "payment_intent",
            "status": "requires_payment_method" if self.declines else "succeeded",
            "amount": int(asked["amount"][0]),
            "currency": asked["currency"][0],
            "payment_method": asked["payment_method"][0],
            "latest_charge": f"ch_rehearsed_{number}",
            "metadata": {"payment": asked["metadata[payment]"][0]},
        }


def _json(status: int, answer: Mapping[str, Any]) -> tuple[int, Mapping[str, str], bytes]:
    return status, {"content-type": "application/json"}, json.dumps(answer).encode()

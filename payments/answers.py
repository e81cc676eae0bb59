"""What became of a question to Stripe: an answer, a refusal, or silence, which is neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from accounts.refusals import Refusal


class StripeSilent(Refusal):
    """Stripe gave no answer that can be used; whether anything happened is not known."""

    code = "stripe_unavailable"
    message = "Our payment provider does not answer just now. Please try again in a few minutes."
    remedy = "Try again in a few minutes; nothing is charged twice."


# No connection, overload, a mistake of theirs, a key of ours that is wrong (no customer's card is
# to blame for it), or another request with the same idempotency key that still runs.
SILENCE = (
    stripe.APIConnectionError,
    stripe.RateLimitError,
    stripe.APIError,
    stripe.AuthenticationError,
    stripe.PermissionError,
    stripe.IdempotencyError,
)


class StripeRefused(Exception):
    """Stripe understood and refused for good: a mistake of ours, or an object that is gone."""

    def __init__(self, code: str, words: str) -> None:
        self.code, self.words = code, words
        super().__init__(f"{code}: {words}")

    @property
    def is_missing(self) -> bool:
        """Answer whether there is no such object (any more)."""
        return self.code == "resource_missing"


@contextmanager
def answers() -> Iterator[None]:
    """Tell no answer from a refusal."""
    try:
        yield
    except SILENCE as error:
        raise StripeSilent from error
    except stripe.StripeError as error:
        raise StripeRefused(error.code or type(error).__name__, error.user_message or "") from error

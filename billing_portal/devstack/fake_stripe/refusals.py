"""How the fake says no: the status, type, code and words that Stripe would use."""

from __future__ import annotations

from typing import Any


class ConnectionLost(ConnectionError):
    """The client hears nothing: refused before, or hung up or silent after the effect."""

    def __init__(self, how: str = "hang_up", *, seconds: float = 0) -> None:
        super().__init__(f"connection lost: {how}")
        self.how = how
        self.seconds = seconds


class Refused(Exception):
    """An answer that is an error; nothing is written unless it says so."""

    status = 400
    kind = "invalid_request_error"
    keeps_writes = False
    # What Stripe never began to do is not stored under the idempotency key.
    began = False

    def __init__(self, message: str, *, code: str | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.fields = fields

    def body(self) -> dict[str, Any]:
        """Return the answer's body."""
        error = {"type": self.kind, "message": self.message, **self.fields}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = doc_url(self.code)
        return {"error": error}


class Missing(Refused):
    """The object does not exist."""

    status = 404

    def __init__(self, noun: str, name: str, *, param: str = "id") -> None:
        super().__init__(f"No such {noun}: '{name}'", code="resource_missing", param=param)


class UnknownAddress(Refused):
    """There is no such address."""

    status = 404

    def __init__(self, method: str, path: str) -> None:
        super().__init__(
            f"Unrecognized request URL ({method}: {path}). "
            "Please see https://stripe.com/docs or we can help at https://support.stripe.com/.",
            code="url_invalid",
        )


class WrongKey(Refused):
    """The API key is missing, malformed or of the live mode."""

    status = 401


class NotNow(Refused):
    """The object's state forbids it."""

    began = True


class OtherParameters(Refused):
    """The idempotency key was used with other parameters."""

    kind = "idempotency_error"

    def __init__(self, key: str) -> None:
        super().__init__(
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request."
        )


class KeyInUse(Refused):
    """A request with this idempotency key is running."""

    status = 409
    kind = "idempotency_error"

    def __init__(self, key: str) -> None:
        super().__init__(
            "There is currently another in-progress request using this Idempotent Key (that "
            "probably means you submitted twice, and the other request is still going through): "
            f"{key}. Please try again later.",
            code="idempotency_key_in_use",
        )


class TooManyRequests(Refused):
    """Planted: the rate limit is reached; nothing was done."""

    status = 429

    def __init__(self) -> None:
        super().__init__(
            "Request rate limit exceeded. Learn more about rate limits here "
            "https://stripe.com/docs/rate-limits.",
            code="rate_limit",
        )


class Broken(Refused):
    """Planted: the server fails."""

    status = 500
    kind = "api_error"

    def __init__(self, *, began: bool) -> None:
        super().__init__(
            "An unknown error occurred. Please contact support@stripe.com if the issue persists."
        )
        self.began = began


class CardDeclined(Refused):
    """The card said no; the attempt stays written."""

    status = 402
    kind = "card_error"
    keeps_writes = True
    began = True


def doc_url(code: str) -> str:
    """Return where Stripe explains a code."""
    return f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"

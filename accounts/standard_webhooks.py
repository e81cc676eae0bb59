"""How a message to another program is signed: the sums of Standard Webhooks, version 1.0.0."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """Make a secret as its receiver is shown it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(
    message_id: str, body: bytes, *, at: dt.datetime, signed_with: Sequence[str]
) -> dict[str, str]:
    """Answer the three headers of a message; each secret adds a signature of its own.

    The instant is that of the attempt, so that a receiver may refuse what is old.
    """
    second = int(at.timestamp())
    signatures = [signature(message_id, second, body, secret) for secret in signed_with]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(second),
        "webhook-signature": " ".join(signatures),
    }


def signature(message_id: str, second: int, body: bytes, secret: str) -> str:
    """Sign a message, as it is sent to the byte, with one secret."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    content = f"{message_id}.{second}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()

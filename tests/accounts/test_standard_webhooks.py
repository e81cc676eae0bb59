"""Signatures are those of the standard: its own example, two secrets, nothing left to guess."""

from __future__ import annotations

import base64
import datetime as dt

from accounts.standard_webhooks import new_secret, signed_headers

# The example in the reference libraries of Standard Webhooks.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = dt.datetime.fromtimestamp(1614265330, dt.UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_is_signed_as_in_the_standards_own_example() -> None:
    assert signed_headers(MESSAGE, BODY, at=AT, signed_with=[SECRET]) == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_two_secrets_make_two_signatures_with_a_space_between() -> None:
    other = new_secret()

    headers = signed_headers(MESSAGE, BODY, at=AT, signed_with=[other, SECRET])

    first, second = headers["webhook-signature"].split(" ")
    assert second == SIGNATURE
    assert first.startswith("v1,")
    assert first != second


def test_another_byte_second_or_id_makes_another_signature() -> None:
    signatures = {
        signed_headers(message, body, at=at, signed_with=[SECRET])["webhook-signature"]
        for message in (MESSAGE, MESSAGE + "x")
        for body in (BODY, BODY + b" ")
        for at in (AT, AT + dt.timedelta(seconds=1))
    }

    assert len(signatures) == 8


def test_a_secret_has_256_bits_and_its_prefix_and_none_is_made_twice() -> None:
    secrets = {new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert {secret[:6] for secret in secrets} == {"whsec_"}
    assert {len(base64.b64decode(secret[6:])) for secret in secrets} == {32}

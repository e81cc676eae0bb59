"""How requests reach Stripe: over HTTPS, or by a call where a stand-in answers in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import stripe
from django.db import transaction

Transport = Callable[[str, str, str, Mapping[str, str]], tuple[int, Mapping[str, str], bytes]]
"""Takes method, path with query, form-encoded body and headers; answers status, headers, body.

It raises ``ConnectionError`` where the connection is lost before an answer came.
"""

CONNECT_SECONDS, ANSWER_SECONDS = 5, 20


class InProcess(stripe.HTTPClient):
    """Lets the SDK talk to a callable instead of a socket."""

    name = "in_process"

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Pass one request on.

        :raises stripe.APIConnectionError: the connection was lost.
        """
        path = "/" + url.split("://", 1)[-1].partition("/")[2]
        try:
            status, answered, body = self._transport(
                method.upper(), path, post_data or "", headers or {}
            )
        except ConnectionError as error:
            words = f"The connection was lost: {error}"
            raise stripe.APIConnectionError(words) from error  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
        return body.decode(), status, answered

    def request_stream(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> NoReturn:
        """Refuse: nothing that we ask comes as a stream."""
        raise NotImplementedError

    def close(self) -> None:
        """Do nothing: there is no connection."""


class OutsideTransactions(stripe.HTTPClient):
    """Lets requests go another client's way, and none while rows may be locked."""

    name = "outside_transactions"

    def __init__(self, way: stripe.HTTPClient) -> None:
        super().__init__()
        self._way = way

    def request(self, *args: Any, **options: Any) -> Any:
        """Pass one request on.

        :raises RuntimeError: a transaction is open.
        """
        # Django knows it of durable blocks, and that the one around a test is none. This block is
        # empty and costs no statement.
        with transaction.atomic(durable=True, savepoint=False):
            pass
        return self._way.request(*args, **options)

    def close(self) -> None:
        """Close what the other client holds open."""
        self._way.close()  # type: ignore[no-untyped-call]  # the SDK leaves it untyped


def https() -> stripe.HTTPClient:
    """Make the client for the real network, which never waits for ever."""
    return stripe.RequestsClient(timeout=(CONNECT_SECONDS, ANSWER_SECONDS))

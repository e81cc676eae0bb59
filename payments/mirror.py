"""dj-stripe's tables follow Stripe, for who wants to look; nothing of ours is read from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import stripe
import structlog
from django.conf import settings
from djstripe import models as djstripe

from payments.answers import SILENCE
from payments.models import StripeEvent
from payments.transport import InProcess, https

logger = structlog.get_logger(__name__)

MIRRORED: dict[str, Any] = {
    "charge": djstripe.Charge,
    "checkout.session": djstripe.Session,
    "customer": djstripe.Customer,
    "dispute": djstripe.Dispute,
    "payment_intent": djstripe.PaymentIntent,
    "payment_method": djstripe.PaymentMethod,
    "refund": djstripe.Refund,
    "setup_intent": djstripe.SetupIntent,
}
LOOKS_BACK = dt.timedelta(days=1)


class OurWay(stripe.HTTPClient):
    """How dj-stripe, which asks Stripe by itself, reaches it: as we do, and with our key.

    It writes the key that it is given into a table, as plain text; so it is given one that is
    worth nothing, and the real one is put in here.
    """

    name = "our_way"

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **options: Any,
    ) -> tuple[Any, int, Any]:
        """Pass one request on."""
        transport = settings.STRIPE_TRANSPORT
        way = InProcess(transport) if transport else https()
        ours = {**(headers or {}), "Authorization": f"Bearer {settings.STRIPE_SECRET_KEY}"}
        return way.request(method, url, ours, post_data, **options)

    def close(self) -> None:
        """Do nothing: every request closes its own connection."""


stripe.default_http_client = OurWay()


def mirror_due(*, now: dt.datetime, limit: int = 500) -> int:
    """Mirror what events of the last day were about, once they are handled; answers how many.

    The event's own row in the mirror says that it was done.
    """
    if not settings.STRIPE_SECRET_KEY:
        return 0
    handled = StripeEvent.objects.filter(
        status=StripeEvent.Status.HANDLED, handled_at__gt=now - LOOKS_BACK
    )
    missing = handled.exclude(stripe_id__in=djstripe.Event.objects.values("id"))
    mirrored = 0
    for event in missing.order_by("id")[:limit]:
        try:
            mirror(event)
        except SILENCE as error:
            logger.warning("mirror_waits", why=str(error))
            break
        except Exception:  # the mirror is for looking at; whatever is wrong with it, we go on
            logger.exception("event_not_mirrored", stripe_event=event.stripe_id)
        else:
            mirrored += 1
    return mirrored


def mirror(event: StripeEvent) -> None:
    """Fetch what an event is about as it is now, and write both into dj-stripe's tables."""
    key = placeholder_key()
    model = MIRRORED.get(event.object_kind)
    if model is not None:
        _mirror_object(model, event.object_id, key=key)
    djstripe.Event.sync_from_stripe_data(event.payload, api_key=key)


def _mirror_object(model: Any, identity: str, *, key: str) -> None:
    try:
        found = model.stripe_class.retrieve(
            identity, api_key=key, stripe_version=settings.STRIPE_API_VERSION
        )
        model.sync_from_stripe_data(found, api_key=key)
    except SILENCE:
        raise
    except Exception:  # gone at Stripe, or of a shape that dj-stripe does not know
        logger.exception("object_not_mirrored", model=model.__name__, object=identity)


def placeholder_key() -> str:
    """Answer a key that is well formed for this site's mode, as dj-stripe wants, and no secret."""
    return f"sk_{'live' if settings.STRIPE_LIVE_MODE else 'test'}_{'0' * 24}"

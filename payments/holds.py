"""What a crash left of verifying cards is finished: holds are voided, cards taken or refused."""

from __future__ import annotations

import datetime as dt

import structlog
from django.db.models import Q

from payments.answers import StripeSilent
from payments.cards import verify
from payments.gateway import Gateway
from payments.models import Card

logger = structlog.get_logger(__name__)


def look_after_holds(*, gateway: Gateway, now: dt.datetime, limit: int = 200) -> int:
    """Finish what a crash left: cards half verified, and holds that were not voided."""
    minute_ago = now - dt.timedelta(minutes=1)
    left = Card.objects.filter(
        Q(hold_open=True) | Q(status=Card.Status.VERIFYING), created_at__lte=minute_ago
    )
    done = 0
    for card in left.select_related("organization").order_by("created_at")[:limit]:
        try:
            _finish(card, gateway=gateway, now=now)
            done += 1
        except StripeSilent:
            break
        except Exception:  # a bad row is logged and does not stop the sweep
            logger.exception("card_not_verified", card=card.pk)
    return done


def _finish(card: Card, *, gateway: Gateway, now: dt.datetime) -> None:
    card.refresh_from_db()
    if card.status == Card.Status.VERIFYING:
        verify(card, gateway=gateway, now=now)
        return
    if card.hold_id:
        gateway.cancel(card.hold_id)
    Card.objects.filter(pk=card.pk).update(hold_open=False)

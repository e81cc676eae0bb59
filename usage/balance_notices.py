"""The platform is told that a balance is low, that it pauses work, and that it does so no more."""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.callbacks import Event, owe_callback
from accounts.models import Organization
from plans.models import Subscription
from usage.bell import Bell, Level
from usage.models import BalanceNotice
from usage.overview import overview
from wallet.credits import plain
from wallet.ledger import lock_wallet
from wallet.models import CreditGrant

logger = structlog.get_logger(__name__)

Told = BalanceNotice.Told
# A balance that flutters around zero is told of no more often.
LEAST_GAP = dt.timedelta(minutes=5)


def notice_low(organization: Organization, level: Level, *, key: str, now: dt.datetime) -> None:
    """Tell that a charge emptied the wallet; within the charge's transaction, under its lock.

    Not where the platform still thinks that work is paused: what is no more comes first.
    """
    last = BalanceNotice.objects.filter(organization=organization).first()
    if last is not None and (last.told == Told.BLOCKED or _is_recent(last.low_at, now)):
        return
    if _owe(organization, Event.BALANCE_LOW, level, key=key, now=now):
        _note(organization, Told.LOW, level, low_at=now)


def notice_blocked(organization: Organization, level: Level, *, key: str, now: dt.datetime) -> None:
    """Tell that a charge has paused work; within the charge's transaction, under its lock.

    It is never put off. A flutter makes few of them, since each wants a notice between that it
    was lifted, and those keep their gap.
    """
    last = BalanceNotice.objects.filter(organization=organization).first()
    if last is not None and last.told == Told.BLOCKED:
        return
    if _owe(organization, Event.BALANCE_BLOCKED, level, key=key, now=now):
        _note(organization, Told.BLOCKED, level)


def tell_restored(*, now: dt.datetime, limit: int = 500) -> int:
    """Tell where work that was paused may start again; answers how many were told of.

    What lifts it is not asked: credits, a plan, a change by staff. What is left has changed then.
    """
    done = 0
    for pk in list(_may_be_restored(now).values_list("pk", flat=True)[:limit]):
        try:
            done += _tell_restored(pk, now=now)
        except Exception:  # a bad row is logged and looked at again, the others go on
            logger.exception("balance_not_looked_at", organization=pk)
    return done


def _may_be_restored(now: dt.datetime) -> QuerySet[BalanceNotice]:
    """Answer who was told of a pause, and has another balance, period or credits since."""
    blocked = BalanceNotice.objects.filter(told=Told.BLOCKED)
    grants = CreditGrant.objects.filter(organization=OuterRef("organization"))
    changed = (
        ~Q(organization__wallet__balance=F("balance"))
        | ~Q(organization__subscription__period=F("period"))
        | Exists(grants.live(now))
    )
    rested = Q(restored_at__isnull=True) | Q(restored_at__lte=now - LEAST_GAP)
    return blocked.filter(changed, rested).order_by("pk")


@transaction.atomic
def _tell_restored(organization_id: int, *, now: dt.datetime) -> bool:
    wallet = lock_wallet(organization_id)
    blocked = _may_be_restored(now).filter(pk=organization_id)
    if not blocked.exists():
        return False
    organization = Organization.objects.get(pk=organization_id)
    level = Level(wallet.balance, wallet.overdraft, overview(organization, now=now).bell)
    if level.bell == Bell.RED:
        _note(organization, Told.BLOCKED, level)
        return False
    _owe(organization, Event.BALANCE_RESTORED, level, key=now.isoformat(), now=now)
    _note(organization, Told.RESTORED, level, restored_at=now)
    return True


def _is_recent(instant: dt.datetime | None, now: dt.datetime) -> bool:
    return instant is not None and now - instant < LEAST_GAP


def _owe(
    organization: Organization, event: Event, level: Level, *, key: str, now: dt.datetime
) -> int:
    facts = {"wallet": plain(level.balance), "bell": level.bell.value}
    return owe_callback(organization, event=event, key=key, data=facts, now=now)


def _note(organization: Organization, told: Told, level: Level, **instants: dt.datetime) -> None:
    current = Subscription.objects.filter(organization=organization).first()
    BalanceNotice.objects.update_or_create(
        organization=organization,
        defaults={
            "told": told,
            "balance": level.balance,
            "period_id": current.period_id if current else None,
            **instants,
        },
    )

"""An owner is told when a charge empties the wallet or turns the bell red, once per crossing."""

from __future__ import annotations

import datetime as dt
import hashlib

import structlog
from django.db import transaction

from accounts.letters import owe_letter
from accounts.models import Organization
from payments.models import Payment
from usage.balance_notices import notice_blocked, notice_low
from usage.bell import Bell, Level, crossed
from usage.models import Crossing
from usage.overview import overview
from wallet.credits import display
from wallet.ledger import lock_wallet

logger = structlog.get_logger(__name__)


def note_crossing(
    organization_id: int,
    before: Level,
    after: Level,
    *,
    event_id: str,
    recharging: bool,
    now: dt.datetime,
) -> None:
    """Owe the letter of a charge that crossed a level; within the charge's transaction.

    While it is being recharged the question is put off until the recharge has come or failed.
    """
    code = crossed(before, after)
    if not code:
        return
    if recharging:
        Crossing.objects.get_or_create(
            organization_id=organization_id,
            defaults={
                "event_id": event_id,
                "balance_before": before.balance,
                "bell_before": before.bell.value,
                "at": now,
            },
        )
        return
    organization = Organization.objects.get(pk=organization_id)
    _owe(organization, code, after, event_id=event_id, now=now)


def tell_crossings(*, now: dt.datetime, limit: int = 500) -> int:
    """Look again at the levels that waited for a recharge; answers how many were settled.

    One whose answer was lost is waited for no longer: work is paused meanwhile.
    """
    in_flight = Payment.objects.filter(
        purpose=Payment.Purpose.RECHARGE, status=Payment.Status.PENDING, asked_at__isnull=True
    ).values("organization_id")
    settled = Crossing.objects.exclude(organization_id__in=in_flight).order_by("at")
    done = 0
    for crossing in settled[:limit]:
        try:
            _tell(crossing.organization_id, now=now)
            done += 1
        except Exception:  # a bad row is logged and does not stop the sweep
            logger.exception("crossing_not_told", organization=crossing.organization_id)
    return done


@transaction.atomic
def _tell(organization_id: int, *, now: dt.datetime) -> None:
    wallet = lock_wallet(organization_id)
    crossing = Crossing.objects.filter(organization_id=organization_id).first()
    if crossing is None:
        return
    organization = Organization.objects.get(pk=organization_id)
    bell = overview(organization, now=now).bell
    before = Level(crossing.balance_before, wallet.overdraft, Bell(crossing.bell_before))
    after = Level(wallet.balance, wallet.overdraft, bell)
    if code := crossed(before, after):
        _owe(organization, code, after, event_id=crossing.event_id, now=now)
    crossing.delete()


def _owe(
    organization: Organization, code: str, after: Level, *, event_id: str, now: dt.datetime
) -> None:
    key = hashlib.sha256(event_id.encode()).hexdigest()[:32]
    owe_letter(
        organization,
        code=code,
        key=f"{code}:{key}",
        context={"wallet": display(after.balance), "overdraft": display(after.overdraft)},
        now=now,
    )
    notice = notice_blocked if code == "balance_blocked" else notice_low
    notice(organization, after, key=key, now=now)

"""Staff apply or renew a plan that is charged to the owner's card before it takes effect."""

from __future__ import annotations

import datetime as dt

from accounts.acting import require_reason
from accounts.models import Organization, User
from payments.asking import ask
from payments.cards import NoCard
from payments.gateway import Gateway
from payments.models import Card, Payment
from plans.applying import PlanRequest, apply_plan, propose
from plans.buying import agree, begin_purchase
from plans.refusals import PreviewOutdated


def apply_by_card(
    organization: Organization,
    request: PlanRequest,
    *,
    reason: str,
    key: str,
    gateway: Gateway,
    now: dt.datetime,
    digest: str | None = None,
    actor: User | None = None,
) -> Payment | None:
    """Charge the default card for a plan, and let it take effect once that is paid.

    Declined, everything stays as it was; where nothing is to pay it takes effect at once, and
    there is no payment.

    :raises NoCard: there is no card to charge.
    :raises PreviewOutdated: it is another change than the one confirmed.
    :raises Refusal: as :func:`plans.applying.propose`.
    """
    reason = require_reason(reason)
    change = propose(organization, request, now=now)
    if digest is not None and digest != change.digest:
        raise PreviewOutdated
    if change.totals.total.minor <= 0:
        apply_plan(organization, request, reason=reason, digest=digest, actor=actor, now=now)
        return None
    card = Card.objects.default_of(organization)
    if card is None:
        raise NoCard
    payment = agree(
        change,
        key=key,
        card=card,
        days=request.days,
        last_day=request.last_day,
        reason=reason,
        actor=actor,
        now=now,
    )
    if payment.status == Payment.Status.PENDING and payment.asked_at is None:
        payment = ask(payment, gateway=gateway, now=now)
    begin_purchase(payment.pk, now=now)
    return payment

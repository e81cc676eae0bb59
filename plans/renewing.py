"""Plans are renewed by themselves, and scheduled changes take effect, on their local day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from django.db import OperationalError, transaction
from django.db.models import QuerySet

from accounts.acting import record_act
from accounts.models import Act, Organization
from accounts.saving import add_each, save_each
from accounts.sweeping import for_a_while
from invoices.issuing import Draft, draft_several, issue_several, totals_now
from plans.beginning import Beginning, begin_periods, lock_subscription, lock_subscriptions
from plans.following import Prospects, note_what_follows
from plans.models import Period, PlanVersion, Rental, ScheduledChange, Subscription
from plans.periods import Window, window_after, window_from
from plans.pricing import Rent, period_lines, rents
from wallet.granting import revive_credits
from wallet.ledger import lock_free_wallets, lock_wallet
from wallet.models import Wallet

logger = structlog.get_logger(__name__)

CHUNK = 250
SPAN = dt.timedelta(minutes=5)
PAUSE = dt.timedelta(minutes=1)
# Whose renewal failed in this process, and when.
_failed: dict[int, dt.datetime] = {}


def renew_due(*, now: dt.datetime, span: dt.timedelta = SPAN) -> int:
    """Begin the next period of every subscription that is due; answers how many began.

    In chunks, each a transaction of its own, found by state and claimed by the locks of wallets
    that nobody else has: it may be run late, twice and at once, and die anywhere. Charging for it
    is another sweep's, after this has committed.
    """
    return sum(renew_several(chunk, now=now) for chunk in for_a_while(_due(now), span=span))


def worth_a_try(organizations: Iterable[int], *, now: dt.datetime) -> list[int]:
    """Leave out those whose renewal has failed within a minute: a sweep tries them again.

    Of thousands of questions a minute only one is to wait for the same failure.
    """
    return [pk for pk in organizations if pk not in _failed or abs(now - _failed[pk]) >= PAUSE]


@transaction.atomic
def renew_now(organization_id: int, *, now: dt.datetime) -> int:
    """Begin what is due of one organization, whoever else is at it; answers whether any began."""
    lock_wallet(organization_id)
    return renew_several([organization_id], now=now)


def renew_several(organizations: Sequence[int], *, now: dt.datetime) -> int:
    """Begin what is due of those whose wallets nobody else has; answers how many began.

    A chunk that fails is halved until the bad row stands alone.
    """
    try:
        return _begin_next(organizations, now=now)
    except Exception as error:  # a bad row is logged and looked at again, the others go on
        if len(organizations) == 1:
            logger.exception("not_renewed", organization=organizations[0])
            if not isinstance(error, OperationalError):  # a deadlock is none the next time
                _failed[organizations[0]] = now
            return 0
    half = len(organizations) // 2
    return renew_several(organizations[:half], now=now) + renew_several(
        organizations[half:], now=now
    )


def _due(now: dt.datetime) -> Iterator[list[int]]:
    """Answer, in chunks, whose period has ended or for whom the day of a change has come."""
    ended = Period.objects.filter(
        ends_at__lte=now, renews_until__isnull=False, replaced_at__isnull=True
    )
    changed = ScheduledChange.objects.filter(starts_at__lte=now)
    # While a renewal is unpaid its owner settles before anything else.
    changed = changed.filter(organization__subscription__period__grace_ends_at__isnull=True)
    yield from _pages(ended, "ends_at")
    yield from _pages(changed, "starts_at")


def _pages(rows: QuerySet[Any, Any], instant: str) -> Iterator[list[int]]:
    """Answer organizations of rows, those that are due for longest first, and no row twice."""
    found = rows.order_by(instant, "pk").values_list("organization_id", instant, "pk")
    page = list(found[:CHUNK])
    while page:
        yield [organization_id for organization_id, _, _ in page]
        _, last, pk = page[-1]
        rest = found.filter(**{f"{instant}__gte": last}).exclude(**{instant: last, "pk__lte": pk})
        page = list(rest[:CHUNK])


@dataclass(frozen=True, slots=True)
class Next:
    """What begins: a version, its days, and whether it renews or was chosen."""

    version: PlanVersion
    window: Window
    source: Period.Source
    anchor_day: int


@transaction.atomic
def _begin_next(organizations: Sequence[int], *, now: dt.datetime) -> int:
    """Begin what is due of a chunk, in statements that do not become more with it."""
    wallets = {wallet.pk: wallet for wallet in lock_free_wallets(organizations)}
    prospects, rented = Prospects.of(wallets.keys()), rents(wallets.keys())
    beginnings = []
    for subscription in lock_subscriptions(wallets.keys()):
        following = _what_begins(subscription, prospects, now=now)
        if following is not None:
            pk = subscription.organization_id
            beginnings.append(_beginning(subscription, following, wallets[pk], rented[pk]))
    if beginnings:
        periods = begin_periods(beginnings, prospects, now=now)
        in_the_lines = [p.organization_id for p in periods if rented[p.organization_id].begun]
        if in_the_lines:
            rentals = Rental.objects.filter(organization__in=in_the_lines)
            rentals.update(prorata_period=None)
        _ask_for_payment(periods, beginnings, now=now)
        add_each([_act(period, now=now) for period in periods])
    return len(beginnings)


def _beginning(
    subscription: Subscription, following: Next, wallet: Wallet, rent: Rent
) -> Beginning:
    organization = subscription.organization
    lines = period_lines(organization, following.version, following.window, rent)
    return Beginning(
        organization=organization,
        wallet=wallet,
        subscription=subscription,
        version=following.version,
        window=following.window,
        source=following.source,
        anchor_day=following.anchor_day,
        unpaid=lines if totals_now(lines, organization.currency).total.minor > 0 else (),
    )


def _what_begins(
    subscription: Subscription, prospects: Prospects, *, now: dt.datetime
) -> Next | None:
    period, organization = subscription.period, subscription.organization
    if period.is_unpaid:
        return None
    change, zone = prospects.changes.get(organization.pk), organization.zone
    waits = period.renews_until is not None and period.ends_at <= now
    due = waits and prospects.renews(subscription)
    # A late sweep renews what ended before the day of the change, as it would have in time.
    renews_first = change is None or (due and period.ends_at < change.starts_at)
    if change is not None and change.starts_at <= now and not renews_first:
        chosen = _version_of(change, organization)
        if chosen is None:
            _drop_change(change, subscription, now=now)
            return None
        anchor_day = change.starts_on.day
        # From its day on, however late this runs.
        window = window_from(change.starts_at, zone, chosen.terms.period, anchor_day)
        return Next(chosen, window, Period.Source.CHOSEN, anchor_day)
    if not due:
        return None
    version = _newest(subscription.version, organization.currency)
    window = window_after(period.last_day, zone, version.terms.period, subscription.anchor_day)
    # In a zone that is new and further east the day began while the period that ends still ran.
    window = replace(window, starts_at=max(window.starts_at, period.ends_at))
    return Next(version, window, Period.Source.RENEWED, subscription.anchor_day)


def _version_of(change: ScheduledChange, organization: Organization) -> PlanVersion | None:
    """Answer the terms of the plan that was chosen, none where it is sold no more."""
    version = change.plan.version
    sold = version is not None and not change.plan.retired_at
    priced = version is not None and version.terms.price_in(organization.currency)
    return version if sold and priced is not None else None


def _newest(version: PlanVersion, currency: str) -> PlanVersion:
    """Answer the plan's terms of today, or the ones it has where the plan is sold no more."""
    newest = version.plan.version
    if newest is None or version.plan.retired_at or newest.terms.price_in(currency) is None:
        return version
    return newest


def _drop_change(change: ScheduledChange, subscription: Subscription, *, now: dt.datetime) -> None:
    """Take a change back whose plan is sold no more; what runs goes on as it would have."""
    change.delete()
    note_what_follows(subscription)
    summary = f"{change.plan} is sold no more: the change of {change.starts_on} was dropped"
    record_act(subscription.organization, verb="cancel_change", summary=summary, now=now)


def _ask_for_payment(
    periods: Sequence[Period], beginnings: Sequence[Beginning], *, now: dt.datetime
) -> None:
    """Invoice the periods that began without being paid; where nothing is to pay there is none."""
    pairs = zip(periods, beginnings, strict=True)
    owed = {period: beginning.unpaid for period, beginning in pairs if beginning.unpaid}
    if not owed:
        return
    drafted = draft_several(
        [
            Draft(
                period.organization,
                f"period:{period.pk}",
                lines,
                service=(period.first_day, period.last_day),
                due_first=True,
            )
            for period, lines in owed.items()
        ],
        now=now,
    )
    for period, draft in zip(owed, drafted, strict=True):
        period.invoice = draft.invoice
    save_each(list(owed), ["invoice"])
    issue_several(drafted, now=now)


def keep_running(period: Period, *, now: dt.datetime) -> None:
    """Let a period that was paid within its grace run to its end, with all that it granted."""
    period.grace_ends_at = period.charge_at = None
    period.save(update_fields=["grace_ends_at", "charge_at"])
    key, ends = f"period:{period.pk}", period.ends_at
    revive_credits(period.organization, key=key, expires_at=ends, now=now)
    subscription = lock_subscription(period.organization)
    if subscription is not None and subscription.period_id == period.pk:
        note_what_follows(subscription)


def _act(period: Period, *, now: dt.datetime) -> Act:
    renewed = period.source == Period.Source.RENEWED
    return Act(
        organization=period.organization,
        at=now,
        verb="renew" if renewed else "change_plan",
        summary=f"{period} {'renewed' if renewed else 'took effect'} by itself",
        after={"invoice": period.invoice.number if period.invoice else None},
    )

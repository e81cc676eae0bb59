"""What follows a period by itself: its renewal, a scheduled change, or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from django.db import transaction

from accounts.models import Organization
from plans.marks import PLAN_ENDING
from plans.models import Period, RenewalChoice, ScheduledChange, Site, Subscription
from plans.periods import DAY, day_starts_at
from wallet.ledger import lock_wallet


@dataclass(frozen=True, slots=True)
class Prospects:
    """What staff chose, and owners scheduled, for what follows the periods of organizations."""

    choices: Mapping[int, bool]
    changes: Mapping[int, ScheduledChange]
    grace_days: int

    @classmethod
    def of(cls, organization_ids: Collection[int]) -> Prospects:
        """Read them in three statements."""
        choices = RenewalChoice.objects.filter(pk__in=organization_ids)
        changes = ScheduledChange.objects.select_related("plan__version")
        return cls(
            choices=dict(choices.values_list("pk", "auto_renew")),
            changes=changes.in_bulk(organization_ids),
            grace_days=grace_days(),
        )

    def without_changes(self, organization_ids: Collection[int]) -> Prospects:
        """Answer what is left when the changes of some organizations are dropped."""
        kept = {pk: change for pk, change in self.changes.items() if pk not in organization_ids}
        return replace(self, changes=kept)

    def renews(self, subscription: Subscription) -> bool:
        """Answer whether a subscription's plan is renewed by itself.

        Staff's choice for the organization goes before what the plan says; a trial never is, nor
        what its owner has cancelled.
        """
        version = subscription.version
        if version.is_trial or subscription.canceled_at is not None:
            return False
        return self.choices.get(subscription.organization_id, version.terms.auto_renew)

    def waits_until(self, subscription: Subscription) -> dt.datetime | None:
        """Answer until when the running period waits for what follows it, if anything does.

        It waits as long as a grace lasts: a renewal that is late by some minutes stops nobody.
        """
        period, change = subscription.period, self.changes.get(subscription.organization_id)
        changes = change is not None and change.starts_at <= period.ends_at
        if period.is_unpaid or not (changes or self.renews(subscription)):
            return None
        last = period.last_day + DAY * (1 + self.grace_days)
        return day_starts_at(last, subscription.organization.zone)


@transaction.atomic
def choose_renewal(
    organization: Organization, *, auto_renew: bool | None, now: dt.datetime
) -> None:
    """Let staff decide whether this organization's plans renew; none goes back to the plan's.

    A plan that has ended already is not renewed by that.
    """
    lock_wallet(organization.pk)
    if auto_renew is None:
        RenewalChoice.objects.filter(organization=organization).delete()
    else:
        RenewalChoice.objects.update_or_create(
            organization=organization, defaults={"auto_renew": auto_renew}
        )
    current = Subscription.objects.select_for_update(of=("self",)).select_related(
        "period__organization", "version", "organization"
    )
    subscription = current.filter(organization=organization).first()
    if subscription is not None and not subscription.period.is_over(now):
        note_what_follows(subscription)


def scheduled_change(organization: Organization) -> ScheduledChange | None:
    """Answer the change that is scheduled, if there is one."""
    changes = ScheduledChange.objects.select_related("plan__version")
    return changes.filter(organization=organization).first()


def grace_days() -> int:
    """Answer how many days access goes on without payment."""
    site = Site.objects.first()
    return site.grace_days if site else 0


def note_what_follows(subscription: Subscription) -> None:
    """Let the running period wait for what follows it, if anything does; under its lock."""
    period = subscription.period
    period.renews_until = Prospects.of([subscription.organization_id]).waits_until(subscription)
    if period.renews_until is None and PLAN_ENDING in period.marks_passed:
        # It was passed while the plan would renew by itself, and nobody was told.
        period.marks_passed = [mark for mark in period.marks_passed if mark != PLAN_ENDING]
        period.look_at = period.starts_at
    period.save(update_fields=["renews_until", "marks_passed", "look_at"])


def grace_end(period: Period, *, days: int | None = None) -> dt.datetime:
    """Answer the local midnight at which an unpaid period stops; ``days`` are known or read."""
    day = period.first_day + DAY * (grace_days() if days is None else days)
    return day_starts_at(day, period.organization.zone)

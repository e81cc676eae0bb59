"""What page, API and admin show of an organization: one function, so that all say the same."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import Organization
from plans.models import Counter, Rental, ResourceCount
from plans.resources import KNOWN
from plans.session_limits import session_limit
from plans.standing import Standing, standing
from plans.terms import OUTBOUND_CALLS, PHONE_NUMBERS, SESSIONS
from usage.bell import Bell, bell_of
from usage.holds import reserved
from usage.situation import Reserved
from wallet.balances import Balances, balances
from wallet.credits import ZERO
from wallet.pausing import pauses


@dataclass(frozen=True, slots=True)
class Used:
    """What was counted in the period, against its quota if there is one."""

    used: int
    quota: int | None

    @property
    def percent(self) -> int | None:
        """Whole percent of the quota, at most 100; none without a quota."""
        if self.quota is None:
            return None
        return min(100 * self.used // self.quota, 100) if self.quota else 100


@dataclass(frozen=True, slots=True)
class AllowanceUse:
    """Included units of a meter: used, included, left."""

    meter: str
    used: Decimal
    included: Decimal

    @property
    def left(self) -> Decimal:
        return max(self.included - self.used, ZERO)

    @property
    def percent(self) -> int:
        return min(int(100 * self.used / self.included), 100) if self.included else 100


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """How many of a resource there are, and how many the plan allows."""

    resource: str
    used: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """An organization's plan, balances and counters at one instant."""

    standing: Standing
    balances: Balances
    bell: Bell
    calls: Used
    sessions: Used
    allowances: list[AllowanceUse]
    resources: list[ResourceUse]
    reserved: Reserved

    @property
    def available(self) -> Decimal:
        """Every credit there is, less what is reserved for calls that run."""
        has = self.balances
        return has.wallet + has.plan_credits + has.bonus - self.reserved.credits


def overview(organization: Organization, *, now: dt.datetime) -> Overview:
    """Answer everything that the screens show, in a constant number of statements."""
    stands = standing(organization, now=now)
    has = balances(organization, now=now)
    terms = stands.version.terms if stands.version else None
    counters: dict[str, Decimal] = {}
    if stands.period:
        counters = dict(Counter.objects.of(stands.period).values_list("meter", "used"))
    allowances = [
        AllowanceUse(meter, counters.get(meter, ZERO), included)
        for meter, included in (terms.allowances.items() if terms else ())
    ]
    quotas = terms.quotas if terms else {}
    return Overview(
        standing=stands,
        balances=has,
        bell=bell_of(
            terms,
            balance=has.wallet,
            wallet_pauses=pauses(
                balance=has.wallet,
                overdraft=has.overdraft,
                pause_when=has.pause_when,
                paused=has.paused,
            ),
            credits_left=has.plan_credits + has.bonus,
            allowance_left={allowance.meter: allowance.left for allowance in allowances},
        ),
        calls=Used(int(counters.get(OUTBOUND_CALLS, 0)), quotas.get(OUTBOUND_CALLS)),
        sessions=Used(
            int(counters.get(SESSIONS, 0)),
            session_limit(stands.period) if stands.period else None,
        ),
        allowances=allowances,
        resources=_resources(organization, dict(terms.limits) if terms else {}),
        reserved=reserved(organization, now=now),
    )


def has_number(resources: list[ResourceUse]) -> bool:
    """Answer whether a phone number is assigned, rented or as the platform reports it."""
    return any(one.used for one in resources if one.resource == PHONE_NUMBERS)


def _resources(organization: Organization, limits: dict[str, int]) -> list[ResourceUse]:
    """Answer what is limited or was reported, in the contract's order."""
    used = dict(
        ResourceCount.objects.filter(organization=organization).values_list("resource", "used")
    )
    numbers = Rental.objects.held().filter(organization=organization, item=Rental.PHONE_NUMBER)
    used[PHONE_NUMBERS] = max(used.get(PHONE_NUMBERS, 0), numbers.count())
    known = [name for name in KNOWN if name in limits or name in used]
    names = [*known, *sorted({*limits, *used} - set(known))]
    return [ResourceUse(name, used.get(name, 0), limits.get(name)) for name in names]

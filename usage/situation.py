"""Everything the gate looks at, of one organization, at one instant, in one statement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import orjson

from accounts.prepared import ask
from plans.models import Rental, terms_of
from plans.terms import CALL_MINUTES, OUTBOUND_CALLS, PHONE_NUMBERS, SESSIONS, Terms
from usage.bell import Bell, bell_of
from wallet.credits import ZERO
from wallet.pausing import pauses

LOOK = """
SELECT o.id, o.suspended_at IS NOT NULL, w.balance, w.overdraft, w.pause_when, w.paused,
       p.version_id, p.grace_ends_at, p.session_limit,
       LEAST(CASE WHEN %(now)s < p.ends_at THEN p.ends_at
                  ELSE coalesce(p.renews_until, p.ends_at) END, p.used_up_at, p.grace_ends_at),
       (SELECT json_object_agg(c.meter, c.used::text)::text
        FROM plans_counter c
        WHERE c.organization_id = p.organization_id AND c.period_id = p.id),
       (SELECT sum(g.remaining) FROM wallet_creditgrant g
        WHERE g.organization_id = o.id AND g.has_rest
          AND g.effective_at <= %(now)s AND g.expires_at > %(now)s),
       EXISTS (SELECT FROM plans_rental r WHERE r.organization_id = o.id
               AND r.item = %(number)s AND r.ended_at IS NULL)
         OR EXISTS (SELECT FROM plans_resourcecount n WHERE n.organization_id = o.id
                    AND n.resource = %(numbers)s AND n.used > 0),
       (SELECT n.used FROM plans_resourcecount n
        WHERE n.organization_id = o.id AND n.resource = %(resource)s),
       EXISTS (SELECT FROM usage_batchpass b
               WHERE b.organization_id = o.id AND b.batch = %(batch)s),
       a.id IS NOT NULL, coalesce(a.spent >= a.monthly_limit, false),
       w.topped_up_at IS NULL
           OR w.topped_up_at <= GREATEST(a.limit_reached_at, a.limited_at, a.created_at),
       a.when_exhausted = 'stop' AND EXISTS (
           SELECT FROM wallet_creditgrant g WHERE g.organization_id = o.id
           AND g.expires_at > p.starts_at AND g.effective_at < p.ends_at)
           AND (w.topped_up_at IS NULL OR w.topped_up_at <= GREATEST(
                a.limited_at, p.starts_at, w.credits_gone_at,
                (SELECT max(g.expires_at) FROM wallet_creditgrant g
                 WHERE g.organization_id = o.id
                   AND g.expires_at > p.starts_at AND g.expires_at <= %(now)s
                   AND (g.has_rest OR EXISTS (
                       SELECT FROM wallet_ledgerentry e
                       WHERE e.grant_id = g.id AND e.kind = 'expiry'))))),
       coalesce(w.credits_gone_at >= GREATEST(p.starts_at, a.limited_at), false),
       coalesce(a.when_exhausted, '') = 'stop',
       a.id, h.longest, h.units, h.credits, h.beyond_limits, coalesce(a.spent, 0), a.monthly_limit,
       coalesce(p.ends_at <= %(now)s AND p.renews_until > %(now)s, false)
FROM accounts_organization o
JOIN wallet_wallet w ON w.organization_id = o.id
LEFT JOIN plans_subscription s ON s.organization_id = o.id
LEFT JOIN plans_period p ON p.id = s.period_id
LEFT JOIN LATERAL (
    SELECT n.*, CASE WHEN n.monthly_limit IS NOT NULL THEN (
        SELECT coalesce(sum(d.credits), 0) FROM usage_usageday d
        WHERE d.organization_id = o.id AND d.agent_id = n.id AND d.day >= date_trunc(
            'month', %(now)s AT TIME ZONE o.time_zone)::date) END AS spent
    FROM accounts_agent n
    WHERE n.organization_id = o.id AND n.external_id = %(agent)s
) a ON true
LEFT JOIN LATERAL (
    SELECT t.hold_minutes * 60 AS longest, coalesce(sum(r.units), 0) AS units,
           coalesce(sum(r.credits), 0) AS credits,
           coalesce(sum(r.credits) FILTER (WHERE EXISTS (
               SELECT FROM accounts_agent n
               WHERE n.id = r.agent_id AND n.monthly_limit IS NOT NULL AND n.monthly_limit <= (
                   SELECT coalesce(sum(d.credits), 0) FROM usage_usageday d
                   WHERE d.organization_id = o.id AND d.agent_id = n.id AND d.day >= date_trunc(
                       'month', %(now)s AT TIME ZONE o.time_zone)::date))), 0) AS beyond_limits
    FROM plans_site t
    LEFT JOIN (SELECT n.agent_id, sum(n.units) AS units, sum(n.credits) AS credits
               FROM usage_hold n
               WHERE n.organization_id = o.id AND n.expires_at > %(now)s
                 AND n.call IS DISTINCT FROM %(call)s::text
               GROUP BY n.agent_id) r ON true
    WHERE t.hold_minutes IS NOT NULL
    GROUP BY t.hold_minutes
) h ON true
WHERE o.external_id = %(organization)s AND (%(only)s::bigint IS NULL OR o.id = %(only)s)
"""


@dataclass(frozen=True, slots=True)
class Reserved:
    """What calls that run may come to cost: units of the allowance of minutes, and credits.

    ``longest`` is how many seconds a call is taken for that its plan does not cap; none where the
    site reserves nothing.
    """

    units: Decimal = ZERO
    credits: Decimal = ZERO
    longest: int | None = None

    def __bool__(self) -> bool:
        return bool(self.units or self.credits)


@dataclass(frozen=True, slots=True)
class Situation:
    """The facts about an organization on which the gate decides."""

    organization_id: int
    suspended: bool
    balance: Decimal
    wallet_pauses: bool
    terms: Terms | None
    over: bool
    overdue: bool
    session_limit: int | None
    counters: Mapping[str, Decimal]
    credits_left: Decimal
    has_number: bool
    resource_used: int
    batch_passed: bool
    agent_known: bool
    agent_over_limit: bool
    agent_limited: bool
    agent_stops: bool
    agent_may_stop: bool = False
    agent_id: int | None = None
    overdraft: Decimal = ZERO
    reserved: Reserved = Reserved()
    # Of that, what is for agents beyond their limit: they leave the grants to the others.
    reserved_beyond_limits: Decimal = ZERO
    # These decide nothing; they are told beside what does.
    over_at: dt.datetime | None = None
    grace_ends_at: dt.datetime | None = None
    pause_when: str = ""
    paused: bool = False
    agent_is_set_to_stop: bool = False
    agent_spent: Decimal = ZERO
    agent_limit: Decimal | None = None
    # The period has ended, and nobody has begun the one that follows it by itself.
    renewal_due: bool = False

    def left(self, meter: str) -> Decimal:
        """Answer the units of a meter's allowance that are left."""
        included = self.terms.allowances.get(meter, ZERO) if self.terms else ZERO
        return max(included - self.counters.get(meter, ZERO), ZERO)

    @property
    def calls(self) -> Decimal:
        return self.counters.get(OUTBOUND_CALLS, ZERO)

    @property
    def sessions(self) -> Decimal:
        return self.counters.get(SESSIONS, ZERO)

    @property
    def reserves(self) -> bool:
        """Whether a call that starts reserves credit on this site."""
        return self.reserved.longest is not None

    def once_charged(self) -> Situation:
        """Answer the situation once the calls that run have cost all that is reserved for them.

        While anything is reserved the balance must be above the overdraft, whatever else lets it
        pause: nobody may start on the credit of another.
        """
        of_grants = min(self.reserved.credits - self.reserved_beyond_limits, self.credits_left)
        balance = self.balance - (self.reserved.credits - of_grants)
        left = self.credits_left - of_grants
        used = self.counters.get(CALL_MINUTES, ZERO) + self.reserved.units
        return replace(
            self,
            balance=balance,
            credits_left=left,
            counters={**self.counters, CALL_MINUTES: used},
            wallet_pauses=self.wallet_pauses or balance <= -self.overdraft,
            agent_stops=self.agent_stops or (self.agent_may_stop and of_grants > 0 and left <= 0),
        )

    @property
    def bell(self) -> Bell:
        """The bell's colour at this instant."""
        return bell_of(
            self.terms,
            balance=self.balance,
            wallet_pauses=self.wallet_pauses,
            credits_left=self.credits_left,
            allowance_left={m: self.left(m) for m in self.terms.allowances} if self.terms else {},
        )


def look(
    organization: str,
    *,
    now: dt.datetime,
    resource: str | None = None,
    batch: str | None = None,
    agent: str | None = None,
    call: str | None = None,
    only: int | None = None,
) -> Situation | None:
    """Answer the situation of an organization by its external id; none where there is none.

    What ``call`` itself has reserved is left out: it is asked about again.
    """
    parameters: dict[str, str | int | dt.datetime | None] = {
        "organization": organization,
        "now": now,
        "number": Rental.PHONE_NUMBER,
        "numbers": PHONE_NUMBERS,
        "resource": resource,
        "batch": batch,
        "agent": agent,
        "call": call,
        "only": only,
    }
    rows = ask(LOOK, parameters)
    return _situation(rows[0], now) if rows else None


def _situation(row: tuple[Any, ...], now: dt.datetime) -> Situation:
    pk, suspended, balance, overdraft, pause_when, paused = row[:6]
    version_id, grace_ends_at, session_limit, over_at = row[6:10]
    counters, credits_left, has_number, resource_used, batch_passed = row[10:15]
    agent_known, over_limit, not_topped_up, may_stop, used_up, is_stop = row[15:21]
    agent_id, longest, reserved_units, reserved_credits, beyond_limits = row[21:26]
    agent_spent, agent_limit, renewal_due = row[26:]
    return Situation(
        organization_id=pk,
        suspended=suspended,
        balance=balance,
        wallet_pauses=pauses(
            balance=balance, overdraft=overdraft, pause_when=pause_when, paused=paused
        ),
        terms=terms_of(version_id) if version_id else None,
        over=over_at is None or now >= over_at,
        overdue=grace_ends_at is not None and now >= grace_ends_at,
        session_limit=session_limit,
        counters={meter: Decimal(used) for meter, used in orjson.loads(counters or "{}").items()},
        credits_left=credits_left or ZERO,
        has_number=has_number,
        resource_used=resource_used or 0,
        batch_passed=batch_passed,
        agent_known=agent_known,
        agent_over_limit=over_limit,
        agent_limited=bool(is_stop and over_limit and not_topped_up),
        # A bonus that came after the last were used up lifts nothing; a top-up does.
        agent_stops=bool(may_stop and (used_up or not credits_left)),
        agent_may_stop=bool(may_stop),
        agent_id=agent_id,
        overdraft=overdraft,
        reserved=Reserved(reserved_units or ZERO, reserved_credits or ZERO, longest),
        reserved_beyond_limits=beyond_limits or ZERO,
        over_at=over_at,
        grace_ends_at=grace_ends_at,
        pause_when=pause_when,
        paused=paused,
        agent_is_set_to_stop=is_stop,
        agent_spent=agent_spent,
        agent_limit=agent_limit,
        renewal_due=renewal_due,
    )

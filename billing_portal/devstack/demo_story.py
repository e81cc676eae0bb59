"""Months of demo life, told through the real verbs with a clock that moves day by day."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from accounts.agents import put_agent
from accounts.api_keys import digest_of
from accounts.letters import deliver_due
from accounts.models import ApiKey, Membership, Organization, User
from accounts.suspending import suspend
from billing_portal.devstack import logins
from billing_portal.devstack.demo_customers import CUSTOMERS, Customer
from invoices.documents import find_document, render_due
from payments.collecting import record_bank_payment
from plans.applying import PlanRequest, apply_plan, propose
from plans.provisioning import NewOrganization, provision
from plans.reminding import remind_due
from plans.renting import rent_named
from plans.resources import report_resources
from plans.trials import extend_trial
from usage.charging import charge
from usage.gate import ask
from usage.questions import Question
from wallet.adjusting import adjust_credits
from wallet.balances import balances
from wallet.credits import Credits
from wallet.granting import expire_due

SEED = 7
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)
Say = Callable[[str], None]


def tell(*, now: dt.datetime, say: Say) -> None:
    """Make the demo's people and customers, and live through their days up to ``now``."""
    staff, owner, member = _people()
    first = max(step.days_ago for customer in CUSTOMERS for step in customer.story)
    story = _Story(staff=staff, owner=owner, lot=random.Random(SEED))  # noqa: S311 - a demo's lot
    for days_ago in range(first, -1, -1):
        at = now if days_ago == 0 else now - DAY * days_ago
        for customer in CUSTOMERS:
            story.live_through(customer, days_ago=days_ago, now=at)
        _run_sweeps(now=at)
        if days_ago % 15 == 0:
            say(f"{days_ago} days ago" if days_ago else "today")
    home = Organization.objects.get(external_id=CUSTOMERS[0].external_id)
    Membership.objects.create(organization=home, user=member, role=Membership.Role.MEMBER)


def _people() -> tuple[User, User, User]:
    staff = User.objects.create_superuser(logins.STAFF.email, logins.PASSWORD, name="Robin (staff)")
    owner = User.objects.create_user(logins.OWNER.email, logins.PASSWORD, name="Odile Owner")
    member = User.objects.create_user(logins.MEMBER.email, logins.PASSWORD, name="Max Member")
    prefix, _, secret = logins.PLATFORM_KEY.partition(".")
    ApiKey.objects.create(
        name="The demo's platform",
        prefix=prefix,
        digest=digest_of(secret),
        scopes=list(ApiKey.Scope.values),
    )
    return staff, owner, member


def _run_sweeps(*, now: dt.datetime) -> None:
    expire_due(now=now)
    remind_due(now=now)
    render_due(now=now)
    deliver_due(now=now, find_document=find_document)


class _Story:
    """The verbs by which a customer's steps are told, and its calls of a day."""

    def __init__(self, *, staff: User, owner: User, lot: random.Random) -> None:
        self._staff, self._owner, self._lot = staff, owner, lot
        self._organizations: dict[str, Organization] = {}

    def live_through(self, customer: Customer, *, days_ago: int, now: dt.datetime) -> None:
        """Let a customer's steps of a day happen, and its calls."""
        for place, step in enumerate(customer.story):
            if step.days_ago == days_ago:
                act = getattr(self, f"_{step.verb}")
                act(customer, step.facts, now + MINUTE * place - MINUTE * 40)
        organization = self._organizations.get(customer.external_id)
        if organization and customer.calls:
            self._call(customer, organization, now)

    def _sign_up(self, customer: Customer, facts: Mapping[str, Any], now: dt.datetime) -> None:
        self._provision(customer, now, trial=True)

    def _create(self, customer: Customer, facts: Mapping[str, Any], now: dt.datetime) -> None:
        self._provision(customer, now, trial=False)

    def _provision(self, customer: Customer, now: dt.datetime, *, trial: bool) -> None:
        mine = customer.external_id.startswith("bright-smile")
        owner = self._owner if mine else self._person(customer)
        details = NewOrganization(
            name=customer.name,
            external_id=customer.external_id,
            time_zone=customer.time_zone,
            currency=customer.currency,
            country=customer.country,
        )
        made = provision(details, owner=owner, trial=trial, actor=self._staff, now=now)
        made.billing_address, made.tax_id = customer.address, customer.tax_id
        made.save(update_fields=["billing_address", "tax_id"])
        for name in customer.agents:
            put_agent(made, external_id=name, name=name, now=now)
        self._organizations[customer.external_id] = made

    def _person(self, customer: Customer) -> User:
        email = f"owner@{customer.external_id}.example"
        return User.objects.create_user(email, name=f"Owner of {customer.name}")

    def _apply(self, customer: Customer, facts: Mapping[str, Any], now: dt.datetime) -> None:
        request = PlanRequest(plan=facts.get("plan"), days=facts.get("days"))
        organization = self._organizations[customer.external_id]
        preview = propose(organization, request, now=now)
        reason = "Agreed by mail" if request.plan else "Renewed as every month"
        apply_plan(
            organization, request, reason=reason, digest=preview.digest, actor=self._staff, now=now
        )

    _renew = _apply

    def _extend(self, customer: Customer, facts: Mapping[str, Any], now: dt.datetime) -> None:
        extend_trial(
            self._organizations[customer.external_id],
            days=facts["days"],
            reason="They were on holiday during the trial",
            actor=self._staff,
            now=now,
        )

    def _pay(self, customer: Customer, facts: Mapping[str, Any], now: dt.datetime) -> None:
        organization = self._organizations[customer.external_id]
        record_bank_payment(organization, reference=facts["reference"], actor=self._staff, now=now)

    def _adjust(self, customer: Customer, facts: Mapping[str, Any], now: dt.datetime) -> None:
        days = facts.get("expires_in")
        adjust_credits(
            self._organizations[customer.external_id],
            credits=Credits(Decimal(facts["credits"])),
            reason=facts["reason"],
            key=f"demo-{now:%Y%m%d%H%M}",
            expires_at=now + DAY * days if days else None,
            actor=self._staff,
            now=now,
        )

    def _settle_at(self, customer: Customer, facts: Mapping[str, Any], now: dt.datetime) -> None:
        """Correct the wallet to a balance that the demo wants to show."""
        organization = self._organizations[customer.external_id]
        has = balances(organization, now=now).wallet
        facts = {
            "credits": Decimal(facts["balance"]) - has,
            "reason": "Correction of a test line's credits",
        }
        self._adjust(customer, facts, now)

    def _rent(self, customer: Customer, facts: Mapping[str, Any], now: dt.datetime) -> None:
        rent_named(
            self._organizations[customer.external_id],
            item=facts["item"],
            references=list(facts["references"]),
            now=now,
        )

    def _resources(self, customer: Customer, facts: Mapping[str, Any], now: dt.datetime) -> None:
        report_resources(self._organizations[customer.external_id], counts=dict(facts), now=now)

    def _meter(self, customer: Customer, facts: Mapping[str, Any], now: dt.datetime) -> None:
        """Report a meter; what the plan does not know is refused, and listed for staff."""
        event = {"id": f"{now:%Y%m%d}-{facts['meter']}", "agent": "main", "kind": "meter"}
        organization = {"organization": customer.external_id, "at": now.isoformat()}
        charge([{**organization, **event, **facts}], now=now)

    def _suspend(self, customer: Customer, facts: Mapping[str, Any], now: dt.datetime) -> None:
        organization = self._organizations[customer.external_id]
        suspend(organization, reason=facts["reason"], actor=self._staff, now=now)

    def _call(self, customer: Customer, organization: Organization, now: dt.datetime) -> None:
        may = [
            channel
            for channel in ("web", "outbound", "inbound")
            if ask(
                Question(organization=customer.external_id, kind="call", channel=channel), now=now
            ).allowed
        ]
        weekend = now.astimezone(organization.zone).weekday() >= 5
        most = customer.calls // (3 if weekend else 1) // (1 if len(may) > 1 else 2)
        count = self._lot.randint(0, most)
        if may and count:
            report = partial(self._report, customer, now)
            charge([report(self._lot.choice(may), place) for place in range(count)], now=now)

    def _report(
        self, customer: Customer, now: dt.datetime, channel: str, place: int
    ) -> dict[str, Any]:
        connected = channel != "outbound" or self._lot.random() < 0.7
        seconds = int(self._lot.lognormvariate(4.4, 0.7)) + 5 if connected else 0
        trial = channel == "web" and not customer.agents
        return {
            "organization": customer.external_id,
            "id": f"{now:%Y%m%d}-{place}",
            "agent": self._lot.choice((*customer.agents, "main")),
            "kind": "call",
            "channel": channel,
            "voice_tier": None if trial or self._lot.random() < 0.8 else "premium",
            "started_at": (now - MINUTE * self._lot.randint(1, 30)).isoformat(),
            "connected": connected,
            "seconds": min(seconds, 300),
        }

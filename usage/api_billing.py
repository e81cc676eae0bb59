"""What the platform's own screens show of an organization, in one answer."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_docs import documented
from accounts.api_views import READ, ApiView, organization_named
from plans.standing import Badge, Standing
from usage.bell import Bell
from usage.overview import Overview, overview
from wallet.api import CreditsField
from wallet.credits import plain

EXAMPLE = {
    "badge": "active",
    "badge_label": "Active subscription",
    "banner": None,
    "plan": "starter",
    "plan_name": "Starter",
    "period": {"first_day": "2026-03-11", "last_day": "2026-04-09", "days_left": 30},
    "wallet": "475.6",
    "plan_credits": "0",
    "bonus": "0",
    "reserved": "20",
    "available": "455.6",
    "bell": "none",
    "bell_label": "Balance is fine",
    "counters": {"calls": {"used": 1, "quota": 1000}, "sessions": {"used": 0, "limit": None}},
    "allowances": {},
    "resources": {"agents": {"used": 3, "limit": 10}, "phone_numbers": {"used": 1, "limit": None}},
    "upcoming": None,
    "next_billing_day": None,
}


class PeriodSerializer(serializers.Serializer[Any]):
    """The running period, or the last one; both days belong to it."""

    first_day = serializers.DateField()
    last_day = serializers.DateField()
    days_left = serializers.IntegerField(help_text="Including today; 0 once it is over.")


class CallsSerializer(serializers.Serializer[Any]):
    """Connected outbound phone calls of the period."""

    used = serializers.IntegerField()
    quota = serializers.IntegerField(allow_null=True, help_text="Null without one.")


class LimitedSerializer(serializers.Serializer[Any]):
    """How many there are, and how many there may be."""

    used = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True, help_text="Null without one.")


class CountersSerializer(serializers.Serializer[Any]):
    """What is counted in the period."""

    calls = CallsSerializer()
    sessions = LimitedSerializer()


class AllowanceSerializer(serializers.Serializer[Any]):
    """Units of a meter that the period includes."""

    used = CreditsField()
    included = CreditsField()
    left = CreditsField()


class UpcomingSerializer(serializers.Serializer[Any]):
    """A change of plan that is scheduled."""

    plan = serializers.CharField()
    starts_on = serializers.DateField()


class BillingSerializer(serializers.Serializer[Any]):
    """Plan, balances and counters of an organization at this instant."""

    badge = serializers.ChoiceField(choices=[(badge.value, badge.label) for badge in Badge])
    badge_label = serializers.CharField()
    banner = serializers.CharField(allow_null=True, help_text="`payment_pending`, or null.")
    plan = serializers.CharField(allow_null=True, help_text="Its code.")
    plan_name = serializers.CharField(allow_null=True)
    period = PeriodSerializer(allow_null=True)
    wallet = CreditsField(help_text="Credits that never expire; below zero where overdrawn.")
    plan_credits = CreditsField(help_text="Left of what the period included.")
    bonus = CreditsField(help_text="Left of other credits that expire.")
    reserved = CreditsField(
        help_text="For calls that run, where the site reserves credit for them; else 0."
    )
    available = CreditsField(help_text="Wallet, plan credits and bonus, less what is reserved.")
    bell = serializers.ChoiceField(choices=[(bell.value, bell.words) for bell in Bell])
    bell_label = serializers.CharField()
    counters = CountersSerializer()
    allowances = serializers.DictField(child=AllowanceSerializer(), help_text="By meter.")
    resources = serializers.DictField(child=LimitedSerializer(), help_text="By resource.")
    upcoming = UpcomingSerializer(allow_null=True)
    next_billing_day = serializers.DateField(allow_null=True)


class BillingView(ApiView):
    """How an organization stands."""

    scopes = {"GET": READ}

    @documented(
        name="get_billing",
        tag="Reading",
        summary="Read plan, balances and counters",
        answers={200: BillingSerializer},
        errors=(404,),
        answered={"On Starter": EXAMPLE},
    )
    def get(self, request: Request, external_id: str) -> Response:
        """Answer everything that the platform's own screens show, exact at this instant."""
        organization = organization_named(request, external_id)
        return Response(billing_of(overview(organization, now=timezone.now())))


def billing_of(seen: Overview) -> dict[str, Any]:
    """Write an overview in the words of the contract."""
    stands = seen.standing
    return {
        **_plan(stands),
        "wallet": plain(seen.balances.wallet),
        "plan_credits": plain(seen.balances.plan_credits),
        "bonus": plain(seen.balances.bonus),
        "reserved": plain(seen.reserved.credits),
        "available": plain(seen.available),
        "bell": seen.bell.value,
        "bell_label": seen.bell.words,
        "counters": {
            "calls": {"used": seen.calls.used, "quota": seen.calls.quota},
            "sessions": {"used": seen.sessions.used, "limit": seen.sessions.quota},
        },
        "allowances": {
            one.meter: {
                "used": plain(one.used),
                "included": plain(one.included),
                "left": plain(one.left),
            }
            for one in seen.allowances
        },
        "resources": {
            one.resource: {"used": one.used, "limit": one.limit} for one in seen.resources
        },
        "upcoming": _upcoming(stands),
        "next_billing_day": stands.next_billing_day,
    }


def _upcoming(stands: Standing) -> dict[str, Any] | None:
    change = stands.upcoming
    return {"plan": change.plan.code, "starts_on": change.starts_on} if change else None


def _plan(stands: Standing) -> dict[str, Any]:
    period, version = stands.period, stands.version
    return {
        "badge": stands.badge.value,
        "badge_label": stands.badge.label,
        "banner": stands.banner,
        "plan": version.plan.code if version else None,
        "plan_name": version.name if version else None,
        "period": {
            "first_day": period.first_day,
            "last_day": period.last_day,
            "days_left": stands.days_left,
        }
        if period
        else None,
    }


urlpatterns: list[URLPattern] = [
    path("organizations/<str:external_id>/billing/", BillingView.as_view()),
]

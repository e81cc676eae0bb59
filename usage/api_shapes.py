"""The bodies of gate and usage, as the API's description has them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from plans.resources import KNOWN as RESOURCES
from plans.terms import CHANNELS
from usage.bell import Bell
from usage.models import UsageEvent
from usage.questions import KINDS, LONGEST_TEXT
from usage.recomputing import recompute
from wallet.api import CreditsField
from wallet.credits import ZERO, plain, rounded

POTS = {"plan": "plan_credits", "bonus": "bonus", "wallet": "wallet"}


class QuestionSerializer(serializers.Serializer[Any]):
    """What wants to start."""

    organization = serializers.CharField(max_length=LONGEST_TEXT, required=False)
    agent = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_null=True)
    kind = serializers.ChoiceField(choices=KINDS)
    channel = serializers.ChoiceField(
        choices=CHANNELS,
        required=False,
        allow_null=True,
        help_text="Needed for a call and for a campaign batch.",
    )
    voice_tier = serializers.CharField(
        max_length=LONGEST_TEXT,
        required=False,
        allow_null=True,
        help_text="Unsaid: the plan's first.",
    )
    resource = serializers.ChoiceField(
        choices=RESOURCES,
        required=False,
        allow_null=True,
        help_text="Needed for a resource: may there be one more?",
    )
    batch = serializers.CharField(
        max_length=LONGEST_TEXT,
        required=False,
        allow_null=True,
        help_text="The platform's id of the batch that this belongs to.",
    )
    call = serializers.CharField(
        max_length=LONGEST_TEXT,
        required=False,
        allow_null=True,
        help_text="The id under which the call will be reported. Where the site reserves credit "
        "for calls, it settles what is reserved; without it the oldest of the same agent and "
        "channel is settled.",
    )


class AnswerSerializer(serializers.Serializer[Any]):
    """Whether it may start; where not, why, and what lifts it."""

    allowed = serializers.BooleanField()
    code = serializers.CharField(allow_null=True)
    message = serializers.CharField(allow_null=True, help_text="Words for the owner.")
    remedy = serializers.CharField(allow_null=True, help_text="What lifts it, and who can.")
    max_seconds = serializers.IntegerField(
        allow_null=True, help_text="The longest that the call may last; null without a cap."
    )
    bell = serializers.ChoiceField(choices=[(bell.value, bell.words) for bell in Bell])


class SourcesSerializer(serializers.Serializer[Any]):
    """What a charge was drawn from: units of the allowance, and credits."""

    allowance = CreditsField()
    plan_credits = CreditsField()
    bonus = CreditsField()
    wallet = CreditsField()


class _SourcedSerializer(serializers.Serializer[Any]):
    """Something with its sources under `from`, which Python keeps for itself."""

    def get_fields(self) -> dict[str, Any]:
        """Add `from`."""
        return {**super().get_fields(), "from": SourcesSerializer(source="*")}


class ResultSerializer(_SourcedSerializer):
    """What became of one event."""

    id = serializers.CharField(allow_null=True, help_text="Null where the event had none.")
    status = serializers.ChoiceField(choices=["charged", "duplicate", "conflict", "refused"])
    code = serializers.CharField(required=False, help_text="Of a conflict or refusal.")
    message = serializers.CharField(required=False)
    fields = serializers.DictField(  # type: ignore[assignment]  # the contract's name, and ours alone
        child=serializers.ListField(child=serializers.CharField()), required=False
    )
    credits = CreditsField()


class ResultsSerializer(serializers.Serializer[Any]):
    """One result for each event, in their order."""

    results = ResultSerializer(many=True)


class DrawSerializer(serializers.Serializer[Any]):
    """Credits that were taken from one pot."""

    pot = serializers.ChoiceField(choices=list(POTS.values()))
    grant = serializers.IntegerField(allow_null=True, help_text="Which grant; null: the wallet.")
    credits = CreditsField()


class TraceSerializer(serializers.Serializer[Any]):
    """How a charge came about: quantity, allowance, the rest at a rate, pots in order."""

    plan = serializers.CharField()
    plan_version = serializers.IntegerField()
    meter = serializers.CharField()
    channel = serializers.CharField()
    voice_tier = serializers.CharField(allow_null=True)
    quantity = CreditsField(help_text="Units of the meter, rounded to 6 places.")
    quantity_exact = serializers.CharField(help_text="The same as a fraction, as it was charged.")
    allowance = CreditsField()
    rate = CreditsField(allow_null=True, help_text="Credits a unit; null where there is none.")
    credits = CreditsField()
    draws = DrawSerializer(many=True)


class UsageEventSerializer(serializers.Serializer[Any]):
    """One charged event."""

    id = serializers.CharField(source="event_id")
    kind = serializers.ChoiceField(choices=UsageEvent.Kind.choices)
    agent = serializers.CharField(source="agent.external_id")
    channel = serializers.CharField(help_text="Empty where it has none.")
    meter = serializers.CharField()
    started_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    credits = CreditsField()

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which Python keeps for itself."""
        return {**super().get_fields(), "from": SourcesMethod()}


@extend_schema_field(SourcesSerializer)
class SourcesMethod(serializers.Field[Any, Any, dict[str, str], Any]):
    """The sources of a charge, from its trace."""

    def __init__(self) -> None:
        super().__init__(source="trace", read_only=True)

    def to_representation(self, value: dict[str, Any]) -> dict[str, str]:
        """Add up what each pot gave."""
        given: dict[str, Decimal] = dict.fromkeys(POTS.values(), ZERO)
        for kind, _, credits in value["draws"]:
            given[POTS[kind]] += Decimal(credits)
        return {
            "allowance": value["allowance"],
            **{pot: plain(credits) for pot, credits in given.items()},
        }


class DifferenceSerializer(serializers.Serializer[Any]):
    """A figure that is written down otherwise than it is computed."""

    what = serializers.CharField()
    stored = serializers.CharField()
    computed = serializers.CharField()


class RecomputedSerializer(serializers.Serializer[Any]):
    """The charge computed again from facts, plan version and allowance used."""

    matches = serializers.BooleanField()
    credits = CreditsField(source="computed", allow_null=True, help_text="As computed just now.")
    charged = CreditsField(source="stored")
    in_ledger = CreditsField(source="booked", help_text="The sum of its ledger entries.")
    differences = DifferenceSerializer(many=True)


class UsageEventWithTraceSerializer(UsageEventSerializer):
    """One charged event, what was reported, and how its charge came about."""

    facts = serializers.JSONField()
    trace = serializers.SerializerMethodField()
    recomputed = serializers.SerializerMethodField()

    @extend_schema_field(RecomputedSerializer)
    def get_recomputed(self, event: UsageEvent) -> dict[str, Any]:
        """Compute it again and say whether it matches."""
        return RecomputedSerializer(recompute(event)).data

    @extend_schema_field(TraceSerializer)
    def get_trace(self, event: UsageEvent) -> dict[str, Any]:
        """Write the trace so that it can be read and computed again."""
        trace, version = event.trace, event.period.version
        quantity = Fraction(*trace["quantity"])
        return {
            "plan": version.plan.code,
            "plan_version": version.number,
            "meter": trace["meter"],
            "channel": trace["channel"],
            "voice_tier": trace["voice_tier"],
            "quantity": plain(rounded(quantity)),
            "quantity_exact": str(quantity),
            "allowance": trace["allowance"],
            "rate": trace["rate"],
            "credits": trace["credits"],
            "draws": [
                {"pot": POTS[kind], "grant": grant, "credits": credits}
                for kind, grant, credits in trace["draws"]
            ],
        }

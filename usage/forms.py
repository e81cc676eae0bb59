"""The form of an agent's settings."""

from __future__ import annotations

from django import forms

from accounts.models import Agent
from payments.forms import CreditsField, RefusableForm


class AgentForm(RefusableForm):
    """How far an agent may spend."""

    when_exhausted = forms.ChoiceField(
        label="When plan credits run out",
        choices=Agent.WhenExhausted.choices,
        help_text="Stop: it starts nothing more until credits are there again. "
        "Use balance: it goes on from the wallet.",
    )
    monthly_limit = CreditsField(
        label="Monthly limit, in credits",
        required=False,
        help_text="Empty is no limit. A month is a calendar month.",
    )

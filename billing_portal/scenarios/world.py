"""What a story acts on: one organization, a clock, and what was last asked and charged."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from accounts.models import Organization, User
from billing_portal.scenarios.clock import Clock
from billing_portal.scenarios.stripe_side import StripeSide
from payments.gateway import Gateway
from plans.provisioning import NewOrganization
from usage.charging import Result
from usage.questions import Answer


class StepFailed(Exception):
    """A step cannot be performed, or something else came of it than the story says."""


class Refused(Exception):
    """A verb refused; nothing may have changed."""

    def __init__(self, code: str, words: str) -> None:
        self.code, self.words = code, words
        super().__init__(f"{code}: {words}")


@dataclass(slots=True)
class World:
    """The state of a story while it is told."""

    clock: Clock
    stripe: StripeSide
    details: NewOrganization
    owner: User
    staff: User
    step: int = 0
    founded: int | None = None
    answer: Answer | None = None
    charged: Result | None = None
    cards: dict[str, str] = field(default_factory=dict)
    began: dict[str, dt.datetime] = field(default_factory=dict)
    letters_seen: int = field(default=0)
    entries_seen: int = field(default=0)

    @property
    def now(self) -> dt.datetime:
        return self.clock.now

    @property
    def gateway(self) -> Gateway:
        """How the product asks the story's Stripe."""
        return self.stripe.gateway

    @property
    def organization(self) -> Organization:
        """The story's organization, as the database has it now.

        :raises StepFailed: there is none yet.
        """
        if self.founded is None:
            raise StepFailed("there is no organization yet; begin with sign_up or create")
        return Organization.objects.get(pk=self.founded)

    def found(self, organization: Organization) -> None:
        """Remember the organization that was made."""
        self.founded = organization.pk

    def refuse_second(self) -> None:
        """Refuse to make another organization.

        :raises StepFailed: there is one.
        """
        if self.founded is not None:
            raise StepFailed("a story is about one organization, and there is one already")

"""Plans and their immutable versions; subscriptions, periods, counters, rentals, resources."""

from plans.models.catalogue import (
    Plan,
    PlanVersion,
    Site,
    knows_terms,
    learn_terms,
    terms_of,
)
from plans.models.holding import Counter, Rental, ResourceCount
from plans.models.periods import IdRange, Period
from plans.models.subscriptions import (
    DemoRequest,
    Purchase,
    RenewalChoice,
    ScheduledChange,
    Subscription,
)

__all__ = [
    "Counter",
    "DemoRequest",
    "IdRange",
    "Period",
    "Plan",
    "PlanVersion",
    "Purchase",
    "RenewalChoice",
    "Rental",
    "ResourceCount",
    "ScheduledChange",
    "Site",
    "Subscription",
    "knows_terms",
    "learn_terms",
    "terms_of",
]

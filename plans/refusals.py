"""Refusals that several verbs of this floor share."""

from __future__ import annotations

from accounts.refusals import Refusal


class PlanNotAvailable(Refusal):
    """There is no such plan, or not for this organization."""

    code = "plan_not_available"
    message = "This plan is not available."
    remedy = "Choose one of the plans that are offered, or ask us."


class TrialUsed(Refusal):
    """The free trial is available once per organization, ever."""

    code = "trial_used"
    message = "The free trial was used already; it is available once per organization."
    remedy = "Staff can extend the trial, or apply a plan."


class NotOnTrial(Refusal):
    """Only a trial can be extended."""

    code = "not_on_trial"
    message = "This organization is not on a trial."
    remedy = "Apply or renew a plan instead."


class NoSubscription(Refusal):
    """There is no plan yet."""

    code = "no_subscription"
    message = "This organization has no plan yet."
    remedy = "Staff apply a plan."


class PreviewOutdated(Refusal):
    """What was confirmed is no longer what would happen."""

    code = "preview_outdated"
    message = "Something changed since this preview was made; nothing was done."
    remedy = "Look at the new preview and confirm that."


class ItemNotInPlan(Refusal):
    """The plan does not rent this."""

    code = "item_not_in_plan"
    message = "The plan does not offer this for rent."
    remedy = "Apply a plan that does."


class PaymentDue(Refusal):
    """A renewal is not paid yet."""

    code = "payment_due"
    message = "A payment is pending: please settle it first."
    remedy = "Pay the open invoice, or add another card."


class AlreadySubscribed(Refusal):
    """A paid plan runs already."""

    code = "already_subscribed"
    message = "You have a running plan already."
    remedy = "Change the plan instead."


class PaidPlanOnly(Refusal):
    """Only a running paid plan has this."""

    code = "paid_plan_only"
    message = "This is available on a running paid plan only."
    remedy = "Subscribe to a plan first."


class NothingScheduled(Refusal):
    """No change is scheduled."""

    code = "nothing_scheduled"
    message = "No plan change is scheduled."


class NotCanceled(Refusal):
    """There is no cancellation to take back."""

    code = "not_canceled"
    message = "The subscription is not cancelled, or it has ended already."
    remedy = "Subscribe again."

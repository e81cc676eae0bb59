"""The words that a story may use for refusals and letters.

They are product.md's: a word that is none of them is a slip of the pen, not something that never
comes.
"""

REFUSALS = (
    "invalid",
    "below_minimum",
    "trial_used",
    "not_on_trial",
    "paid_plan_only",
    "plan_not_available",
    "already_subscribed",
    "payment_due",
    "no_card",
    "card_declined",
    "meter_not_in_plan",
    "item_not_in_plan",
    "id_conflict",
    "nothing_scheduled",
    "nothing_to_pay",
    "nothing_to_refund",
    "not_canceled",
    "no_subscription",
)
GATE_REFUSALS = (
    "organization_suspended",
    "subscription_ended",
    "payment_overdue",
    "channel_not_in_plan",
    "voice_tier_not_in_plan",
    "no_phone_number",
    "resource_limit_reached",
    "call_quota_reached",
    "session_limit_reached",
    "agent_limit_reached",
    "plan_credits_exhausted",
    "balance_exhausted",
)
LETTERS = (
    "trial_sessions_60",
    "trial_sessions_90",
    "trial_days_7",
    "trial_days_2",
    "trial_ended",
    "plan_applied",
    "period_ending",
    "subscription_ended",
    "payment_failed",
    "payment_overdue",
    "payment_received",
    "invoice_issued",
    "recharge_failed",
    "recharge_paused",
    "low_balance",
    "balance_blocked",
    "session_limit_80",
    "session_limit_100",
    "quota_80",
    "quota_100",
    "plan_change_scheduled",
    "subscription_canceled",
)

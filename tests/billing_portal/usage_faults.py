"""Faults in how charges came about, and the event that the doctor must name."""

from __future__ import annotations

from tests.billing_portal.faults_planted import ACME, OTHER, Planted

PLANTED = (
    Planted(
        "I4b",
        "a trace at another rate than the plan's",
        "UPDATE usage_usageevent SET trace = jsonb_set(trace, '{rate}', '\"3\"')"
        " WHERE event_id = 'elsewhere'",
        f"SELECT 'organization ' || {OTHER} || ', event elsewhere'",
    ),
    Planted(
        "I4b",
        "a call that lasted longer than was charged",
        "UPDATE usage_usageevent SET facts = jsonb_set(facts, '{seconds}', '601')"
        " WHERE event_id = 'on-starter'",
        f"SELECT 'organization ' || {ACME} || ', event on-starter'",
    ),
    Planted(
        "I4b",
        "pots that gave more than was charged",
        "UPDATE usage_usageevent SET trace = jsonb_set(trace, '{draws,0,2}', '\"99\"')"
        " WHERE event_id = 'on-starter'",
        f"SELECT 'organization ' || {ACME} || ', event on-starter'",
    ),
    Planted(
        "I22",
        "a hold that its report has not settled",
        """INSERT INTO usage_hold (
               organization_id, channel, call, units, credits, held_at, expires_at)
           SELECT organization_id, channel, event_id, 1, 2, recorded_at - interval '1 minute',
                  recorded_at + interval '1 hour'
           FROM usage_usageevent WHERE event_id = 'on-starter'""",
        "SELECT 'organization ' || organization_id || ', call on-starter' FROM usage_usageevent"
        " WHERE event_id = 'on-starter'",
    ),
)

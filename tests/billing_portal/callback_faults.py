"""Faults in what the platform is told, and the message that the doctor must name."""

from __future__ import annotations

from tests.billing_portal.faults_planted import ACME, Planted

LISTENER = """
    WITH listener AS (
        INSERT INTO accounts_webhookendpoint (token, url, events, secret, old_secret,
                                              disabled_because, created_at)
        VALUES (gen_random_uuid(), 'https://platform.example/', '{}', 'whsec_', '', '',
                '2026-03-01')
        RETURNING id)
    INSERT INTO accounts_callback (organization_id, endpoint_id, event, key, message_id, body,
                                   status, attempts, last_answer, due_at, created_at, delivered_at)
"""
NEWEST = "SELECT 'callback ' || max(id) FROM accounts_callback"

PLANTED = (
    Planted(
        "I16g",
        "a callback that no sweep has looked at",
        f"""{LISTENER} SELECT {ACME}, id, 'invoice.paid', 'late', 'msg_1', '{{}}', 'waiting', 0, '',
            '2026-03-01', '2026-03-01', NULL FROM listener""",
        NEWEST,
    ),
    Planted(
        "I18b",
        "a callback that was sent before the one ahead of it",
        f"""{LISTENER} SELECT {ACME}, listener.id, 'invoice.paid', sent.key, sent.key, '{{}}',
            'delivered', 1, '', '2026-03-01', '2026-03-01', sent.at::timestamptz
            FROM listener, (VALUES ('first', '2026-03-02 12:00+00'),
                                   ('second', '2026-03-02 11:00+00')) AS sent (key, at)
            ORDER BY sent.key""",
        NEWEST,
    ),
)

"""Examples of gate and usage, as the API's description shows them."""

from __future__ import annotations

QUESTIONS = {
    "A call": {
        "organization": "acme",
        "agent": "sales",
        "kind": "call",
        "channel": "outbound",
        "voice_tier": "standard",
        "call": "call-8841",
    },
    "One more agent": {"organization": "acme", "kind": "resource", "resource": "agents"},
    "A batch": {
        "organization": "acme",
        "kind": "campaign_batch",
        "channel": "outbound",
        "batch": "march-7",
    },
}
ANSWERS = {
    "Allowed": {
        "allowed": True,
        "code": None,
        "message": None,
        "remedy": None,
        "max_seconds": 300,
        "bell": "none",
    },
    "Refused": {
        "allowed": False,
        "code": "subscription_ended",
        "message": "Your subscription has ended. Please upgrade your plan to continue.",
        "remedy": "An owner subscribes again, or our staff renew the plan.",
        "max_seconds": None,
        "bell": "none",
    },
}
CALL = {
    "organization": "acme",
    "id": "call-8841",
    "agent": "sales",
    "kind": "call",
    "channel": "outbound",
    "voice_tier": "standard",
    "started_at": "2026-03-11T09:00:00+05:30",
    "connected": True,
    "seconds": 183,
}
MESSAGES = {
    "organization": "acme",
    "id": "messages-17",
    "agent": "sales",
    "kind": "message",
    "direction": "out",
    "count": 3,
    "at": "2026-03-11T09:00:00+05:30",
}
SESSION = {
    "organization": "acme",
    "id": "chat-204",
    "agent": "website",
    "kind": "session",
    "started_at": "2026-03-11T09:00:00+05:30",
    "ended_at": "2026-03-12T10:30:00+05:30",
    "answered": True,
}
TOKENS = {
    "organization": "acme",
    "id": "tokens-311",
    "agent": "website",
    "kind": "meter",
    "meter": "tokens",
    "quantity": "1250",
    "at": "2026-03-11T09:00:00+05:30",
}
REPORTS = {
    "Two calls": {"events": [CALL, {**CALL, "id": "call-8842", "agent": "ghost"}]},
    "One of each kind": {"events": [CALL, MESSAGES, SESSION, TOKENS]},
}
SOURCES = {"allowance": "0", "plan_credits": "0", "bonus": "0", "wallet": "24.4"}
NOTHING = {"allowance": "0", "plan_credits": "0", "bonus": "0", "wallet": "0"}
RESULTS = {
    "One charged, one refused": {
        "results": [
            {"id": "call-8841", "status": "charged", "credits": "24.4", "from": SOURCES},
            {
                "id": "call-8842",
                "status": "refused",
                "code": "invalid",
                "message": "There is no agent “ghost”.",
                "fields": {"agent": ["There is no agent “ghost”."]},
                "credits": "0",
                "from": NOTHING,
            },
        ]
    }
}
EVENT = {
    "id": "call-8841",
    "kind": "call",
    "agent": "sales",
    "channel": "outbound",
    "meter": "call_minutes",
    "started_at": "2026-03-11T03:30:00Z",
    "recorded_at": "2026-03-11T03:33:05Z",
    "credits": "24.4",
    "from": SOURCES,
}
EVENT_WITH_TRACE = {
    **EVENT,
    "facts": {
        "kind": "call",
        "agent": "sales",
        "channel": "outbound",
        "voice_tier": "standard",
        "started_at": "2026-03-11T03:30:00+00:00",
        "connected": True,
        "seconds": 183,
    },
    "trace": {
        "plan": "starter",
        "plan_version": 1,
        "meter": "call_minutes",
        "channel": "outbound",
        "voice_tier": "standard",
        "quantity": "3.05",
        "quantity_exact": "61/20",
        "allowance": "0",
        "rate": "8",
        "credits": "24.4",
        "draws": [{"pot": "wallet", "grant": None, "credits": "24.4"}],
    },
    "recomputed": {
        "matches": True,
        "credits": "24.4",
        "charged": "24.4",
        "in_ledger": "24.4",
        "differences": [],
    },
}

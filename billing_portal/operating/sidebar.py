"""The sidebar: what staff open most comes first, and only what they may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

Item = dict[str, Any]

# Groups of a title, an icon, the name of a page and the permission to see it.
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...] = (
    (
        "",
        (
            ("Worklists", "checklist", "index", ""),
            (
                "Organizations",
                "apartment",
                "accounts_organization_changelist",
                "accounts.view_organization",
            ),
        ),
    ),
    (
        "Money",
        (
            ("Invoices", "receipt_long", "invoices_invoice_changelist", "invoices.view_invoice"),
            ("Payments", "payments", "payments_payment_changelist", "payments.view_payment"),
            ("Refunds", "undo", "payments_refund_changelist", "payments.view_refund"),
            (
                "Stripe events",
                "webhook",
                "payments_stripeevent_changelist",
                "payments.view_stripeevent",
            ),
            ("Disputes", "gavel", "payments_dispute_changelist", "payments.view_dispute"),
            ("Cards", "credit_card", "payments_card_changelist", "payments.view_card"),
            (
                "Auto-recharges",
                "autorenew",
                "payments_autorecharge_changelist",
                "payments.view_autorecharge",
            ),
            ("Consents", "handshake", "payments_consent_changelist", "payments.view_consent"),
            ("Ledger", "menu_book", "wallet_ledgerentry_changelist", "wallet.view_ledgerentry"),
            ("Grants", "redeem", "wallet_creditgrant_changelist", "wallet.view_creditgrant"),
        ),
    ),
    (
        "Plans and usage",
        (
            ("Plans", "sell", "plans_plan_changelist", "plans.view_plan"),
            ("Periods", "date_range", "plans_period_changelist", "plans.view_period"),
            ("Rentals", "phone_in_talk", "plans_rental_changelist", "plans.view_rental"),
            (
                "Demo requests",
                "slideshow",
                "plans_demorequest_changelist",
                "plans.view_demorequest",
            ),
            ("Usage events", "bolt", "usage_usageevent_changelist", "usage.view_usageevent"),
            (
                "Refused usage",
                "do_not_disturb_on",
                "usage_refusedreport_changelist",
                "usage.view_refusedreport",
            ),
        ),
    ),
    (
        "Correspondence",
        (
            ("Letters", "mail", "accounts_letter_changelist", "accounts.view_letter"),
            ("What letters say", "drafts", "letters", "accounts.view_letter"),
            (
                "Documents",
                "picture_as_pdf",
                "invoices_document_changelist",
                "invoices.view_document",
            ),
            ("Callbacks", "outbound", "accounts_callback_changelist", "accounts.view_callback"),
            (
                "Webhook endpoints",
                "dns",
                "accounts_webhookendpoint_changelist",
                "accounts.view_webhookendpoint",
            ),
            ("Log of acts", "history", "accounts_act_changelist", "accounts.view_act"),
        ),
    ),
    (
        "House",
        (
            ("People", "group", "accounts_user_changelist", "accounts.view_user"),
            ("Groups of staff", "badge", "auth_group_changelist", "auth.view_group"),
            ("API keys", "key", "accounts_apikey_changelist", "accounts.view_apikey"),
            ("Doctor", "stethoscope", "doctor", "accounts.view_organization"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[Item]:
    """Answer the sidebar's groups for this person."""
    return [
        {
            "title": title,
            "separator": bool(title),
            "items": [_item(*entry) for entry in entries],
        }
        for title, entries in GROUPS
    ]


def account_links(request: HttpRequest) -> list[Item]:
    """Answer where staff keep their own password and second factor."""
    return [
        {"title": "Change password", "link": reverse("account_change_password")},
        {"title": "Second factor", "link": reverse("mfa_index")},
    ]


def _item(title: str, icon: str, page: str, permission: str) -> Item:
    return {
        "title": title,
        "icon": icon,
        "link": reverse(f"admin:{page}"),
        "permission": _may(permission),
    }


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: not permission or request.user.has_perm(permission)

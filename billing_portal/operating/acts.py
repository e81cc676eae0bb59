"""The acts that staff do to an organization, each in front of one verb."""

from __future__ import annotations

from accounts.models import Organization
from billing_portal.operating.act_pages import ActPage
from billing_portal.operating.demo_act import DEMO, open_demos
from billing_portal.operating.dismiss_act import DISMISS, open_refusals
from billing_portal.operating.money_acts import ADJUST, PAY, open_invoice
from billing_portal.operating.organization_acts import DETAILS, SUSPEND, UNSUSPEND
from billing_portal.operating.plan_acts import APPLY, EXTEND, RENEW
from billing_portal.operating.refund_act import REFUND, refundable
from billing_portal.operating.renewal_act import RENEWAL
from billing_portal.operating.rental_acts import RENT, RETURN, held_by, rentable
from plans.models import Subscription

ACTS = (
    *(APPLY, RENEW, RENEWAL, EXTEND, ADJUST, PAY, REFUND, RENT, RETURN, DEMO, DISMISS),
    *(SUSPEND, UNSUSPEND),
)
BY_NAME = {page.name: page for page in (*ACTS, DETAILS)}


def acts_for(organization: Organization) -> list[ActPage]:
    """Answer the acts that make sense for an organization now, in the order of the buttons."""
    subscription = (
        Subscription.objects.select_related("version").filter(organization=organization).first()
    )
    on_trial = subscription is not None and subscription.version.is_trial
    offered = {
        "apply": True,
        "renew": subscription is not None and not on_trial,
        "renewal": True,
        "extend": on_trial,
        "adjust": True,
        "pay": open_invoice(organization) is not None,
        "refund": refundable(organization).exists(),
        "rent": bool(rentable(organization)),
        "return": held_by(organization).exists(),
        "demo": open_demos(organization).exists(),
        "dismiss": open_refusals(organization).exists(),
        "suspend": not organization.is_suspended,
        "unsuspend": organization.is_suspended,
    }
    return [page for page in ACTS if offered[page.name]]

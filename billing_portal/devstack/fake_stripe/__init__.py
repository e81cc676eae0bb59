"""A Stripe of one's own: the API that we call, its hosted pages, webhooks and test cards.

It knows nothing of `stripe`, `djstripe` or Django, so that it cannot share our mistakes.
"""

from billing_portal.devstack.fake_stripe.api import FakeStripe
from billing_portal.devstack.fake_stripe.deliveries import sign
from billing_portal.devstack.fake_stripe.desk import Answer
from billing_portal.devstack.fake_stripe.refusals import ConnectionLost, Refused

__all__ = ["Answer", "ConnectionLost", "FakeStripe", "Refused", "sign"]

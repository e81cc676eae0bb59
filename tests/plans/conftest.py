"""A Stripe for the tests of the plan pages that ask for one."""

from tests.payments.conftest import stripe as stripe

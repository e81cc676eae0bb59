"""An owner's log-in: found by address, and closed where the address was never proven."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from accounts.models import User
from accounts.owners import find_or_make_owner

pytestmark = pytest.mark.django_db
CFO = "cfo@target.example"


def test_a_new_owner_has_no_password_until_they_set_one() -> None:
    owner = find_or_make_owner(CFO, name="Chief")

    assert (owner.name, owner.has_usable_password()) == ("Chief", False)
    assert find_or_make_owner(CFO.upper()) == owner


def test_a_log_in_that_somebody_made_under_this_address_opens_nothing_any_more() -> None:
    User.objects.create_user(CFO, "the-attackers-own")

    owner = find_or_make_owner(CFO)

    assert not owner.has_usable_password()


def test_a_log_in_whose_address_is_proven_stays_as_it_is() -> None:
    known = User.objects.create_user(CFO, "their-own-password")
    EmailAddress.objects.create(user=known, email=CFO, verified=True)

    assert find_or_make_owner(CFO).check_password("their-own-password")

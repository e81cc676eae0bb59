"""An organization's owner is found by address, or made; an unproven log-in is closed first."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction

from accounts.models import User


def find_or_make_owner(email: str, *, name: str = "") -> User:
    """Answer the log-in of this address, or make one that opens once a password is set.

    Anybody can sign up under any address. A log-in whose address was never proven is therefore
    closed before it is given an organization that somebody else speaks for: its password stops
    working and its sessions end, until a mail to that address sets a new one.
    """
    found = User.objects.by_email(email)
    if found is None:
        try:
            with transaction.atomic():
                return User.objects.create_user(email, name=name)
        except IntegrityError:
            found = User.objects.get(email__iexact=email)
    proven = EmailAddress.objects.filter(user=found, email__iexact=email, verified=True).exists()
    if found.has_usable_password() and not proven:
        found.set_unusable_password()
        found.save(update_fields=["password"])
    return found

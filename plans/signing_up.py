"""A person signs up: they get a log-in, an organization of their own, and its trial at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from accounts.models import Organization, User
from accounts.refusals import Refusal
from plans.provisioning import NewOrganization, sign_up


class EmailTaken(Refusal):
    """The address belongs to a log-in already."""

    code = "email_taken"
    message = "This address cannot be used to sign up."
    remedy = "Log in, or sign up with another address."


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Who signs up; the password is written nowhere."""

    email: str
    name: str
    password: str = field(repr=False)


@transaction.atomic
def sign_up_person(
    details: NewOrganization, *, person: NewPerson, now: dt.datetime
) -> tuple[User, Organization]:
    """Make the person's log-in and their organization, both or neither.

    :raises EmailTaken: the address is known, also when it is taken at this very moment.
    :raises Invalid: an unknown time zone, a currency in which nothing is sold.
    """
    if User.objects.by_email(person.email):
        raise EmailTaken(field="email")
    try:
        with transaction.atomic():
            owner = User.objects.create_user(person.email, person.password, name=person.name)
    except IntegrityError as error:
        raise EmailTaken(field="email") from error
    return owner, sign_up(details, owner=owner, now=now)

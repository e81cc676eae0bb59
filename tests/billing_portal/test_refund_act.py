"""Staff refund a payment on the console: form, preview, confirmation, and what they see of it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Act, Organization
from billing_portal.devstack.fake_stripe import FakeStripe
from invoices.models import CreditNote
from payments.collecting import record_bank_payment
from payments.disputing import take_in_dispute
from payments.models import Payment, Refund
from tests.billing_portal.staff import address, build_staff, hidden, logged_in, operator, text_of
from tests.builders import MARCH_1, build_organization, build_plan
from tests.payments.money_back import balance_of, build_priced, refund, told_dispute, top_up

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def fake(settings: Any) -> FakeStripe:
    fake = FakeStripe(seed=1)
    settings.STRIPE_TRANSPORT = fake.transport
    return fake


@pytest.fixture
def acme() -> Organization:
    return build_organization()


@pytest.fixture(autouse=True)
def _the_day_after() -> Iterator[None]:
    with time_machine.travel(MARCH_1 + DAY, tick=False):
        yield


def look(client: Client, payment: Payment, **asked: Any) -> Any:
    """Fill in the form and look at its preview."""
    given = {"token": str(uuid.uuid4()), "reason": "Agreed", "stage": "preview"}
    given |= {"payment": str(payment.pk), **asked}
    return client.post(address(payment.organization, "refund"), given)


def confirm(client: Client, payment: Payment, preview: Any, **asked: Any) -> Any:
    """Confirm what a preview shows."""
    given = {"reason": "Agreed", "payment": str(payment.pk), **asked, "stage": "confirm"}
    given |= {"token": hidden(preview, "token"), "digest": hidden(preview, "digest")}
    return client.post(address(payment.organization, "refund"), given)


def test_the_preview_shows_money_credits_wallet_and_credit_note_and_changes_nothing(
    acme: Organization, fake: FakeStripe
) -> None:
    payment = top_up(acme, fake, 5000)

    words = text_of(look(operator(), payment, amount="12.50"))

    assert "Refunded of the payment $0.00 $12.50" in words
    assert "Can still be refunded $50.00 $37.50" in words
    assert "Wallet 5,000.00 3,750.00" in words
    assert "Credited of INV-000001 $0.00 $12.50" in words
    assert "1,250.00 credits leave the wallet" in words
    assert "A credit note of $12.50 is issued, with the reason on it." in words
    assert "No letter goes out." in words
    assert not Refund.objects.exists()


def test_what_was_confirmed_is_refunded_once_and_signed(
    acme: Organization, fake: FakeStripe
) -> None:
    client, payment = operator(), top_up(acme, fake, 5000)
    preview = look(client, payment, amount="12.50")

    done = confirm(client, payment, preview, amount="12.50")
    again = confirm(client, payment, preview, amount="12.50")

    assert done.url == again.url == address(acme)
    act = Act.objects.get(verb="refund")
    assert act.actor is not None
    assert (act.actor.is_staff, act.reason) == (True, "Agreed")
    assert (fake.book()["refunds"], balance_of(acme)) == (1, 3750)
    assert "$12.50 is refunded to Acme." in text_of(client.get(address(acme)))


def test_without_an_amount_all_that_is_left_goes_back(acme: Organization, fake: FakeStripe) -> None:
    client, payment = operator(), top_up(acme, fake, 5000)
    refund(payment, fake, 1000)

    confirm(client, payment, look(client, payment))

    payment.refresh_from_db()
    assert (payment.status, balance_of(acme)) == ("refunded", 0)


def test_what_moved_meanwhile_is_shown_anew_and_not_done(
    acme: Organization, fake: FakeStripe
) -> None:
    client, payment = operator(), top_up(acme, fake, 5000)
    preview = look(client, payment)
    refund(payment, fake, 1000)

    outdated = confirm(client, payment, preview)

    assert "Something changed since this preview was made" in text_of(outdated)
    assert Refund.objects.count() == 1


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "above zero"),
        ("-1", "above zero"),
        ("50.01", "$50.00 can be refunded"),
        ("1.005", "USD has 2 decimals"),
        ("NaN", "is not an amount"),
        ("<b>", "is not an amount"),
    ],
)
def test_an_amount_that_cannot_be_is_refused_in_words(
    acme: Organization, fake: FakeStripe, amount: str, words: str
) -> None:
    payment = top_up(acme, fake, 5000)

    page = look(operator(), payment, amount=amount)

    assert words in text_of(page)
    assert b'digest"' not in page.content
    assert b"<b>" not in page.content


def test_a_payment_of_another_organization_cannot_be_chosen(
    acme: Organization, fake: FakeStripe
) -> None:
    theirs = top_up(build_organization("Other"), fake, 5000)
    top_up(acme, fake, 5000)

    given = {"token": str(uuid.uuid4()), "reason": "x", "payment": str(theirs.pk)}
    page = operator().post(address(acme, "refund"), given | {"stage": "preview"})

    assert "Select a valid choice" in text_of(page)


def test_a_bank_payment_is_recorded_as_sent_back_by_staff(fake: FakeStripe) -> None:
    build_plan()
    payment = record_bank_payment(
        build_organization(plan="starter"), reference="SEPA-1", now=MARCH_1
    )
    client = operator()

    preview = look(client, payment)
    confirm(client, payment, preview)

    assert "send it by bank yourself" in text_of(preview)
    assert str(CreditNote.objects.get().amount) == "99.00"
    assert fake.book()["refunds"] == 0


def test_silence_is_told_as_such_and_a_refusal_in_stripe_s_words(
    acme: Organization, fake: FakeStripe
) -> None:
    client = operator()
    silent, contested = top_up(acme, fake, 5000), top_up(acme, fake, 7000, key="second")
    fake.fail_next("timeout", path="/v1/refunds*")

    confirm(client, silent, look(client, silent))
    told = text_of(client.get(address(acme)))
    fake.dispute(str(contested.intent_id))
    refused = confirm(client, contested, look(client, contested))

    assert "has not answered yet" in told
    assert "Nothing was refunded" in text_of(refused)
    assert "charged back" in text_of(refused)


def test_a_refund_in_yen_is_asked_and_shown_without_decimals(fake: FakeStripe) -> None:
    payment = top_up(build_priced("JPY", "2"), fake, 7000)
    client = operator()

    preview = look(client, payment, amount="1750")
    confirm(client, payment, preview, amount="1750")

    assert "¥7,000 ¥5,250" in text_of(preview)
    assert "JPY has 0 decimals" in text_of(look(client, payment, amount="1.5"))
    payment.refresh_from_db()
    assert payment.refunded_minor == 1750


def test_the_payment_s_page_leads_to_its_refund_for_those_who_may_act(
    acme: Organization, fake: FakeStripe
) -> None:
    older, _ = top_up(acme, fake, 5000), top_up(acme, fake, 7000, key="second")
    page, form = f"/admin/payments/payment/{older.pk}/change/", f"refund/?payment={older.pk}"
    staff = logged_in(build_staff("view_payment", "view_organization", "operate"))

    assert form in staff.get(page).content.decode()
    chosen = staff.get(f"{address(acme, 'refund')}?payment={older.pk}").content.decode()
    assert f'value="{older.pk}" selected' in chosen
    clerk = logged_in(build_staff("view_payment"))
    assert form not in clerk.get(page).content.decode()
    assert clerk.get(address(acme, "refund")).status_code == 403


def test_an_open_dispute_flags_the_organization_until_it_is_decided(
    acme: Organization, fake: FakeStripe
) -> None:
    payment, client = top_up(acme, fake, 5000), operator()
    opened = told_dispute(fake, fake.dispute(str(payment.intent_id))["id"])
    worklist = "/admin/accounts/organization/?worklist=disputed"
    assert "Acme" not in text_of(client.get(worklist)).split("Organization")[-1]

    take_in_dispute(opened, now=MARCH_1)

    assert "Disputed" in text_of(client.get(address(acme)))
    assert "Hand in evidence at Stripe" in text_of(client.get(address(acme)))
    assert [row.name for row in client.get(worklist).context["cl"].result_list] == ["Acme"]
    fake.decide_dispute(opened.id, won=True)
    take_in_dispute(told_dispute(fake, opened.id), now=MARCH_1)
    assert "Hand in evidence" not in text_of(client.get(address(acme)))
    assert list(client.get(worklist).context["cl"].result_list) == []


def test_payments_that_wait_for_somebody_are_worklists(
    acme: Organization, fake: FakeStripe
) -> None:
    fake.fail_next("timeout", path="/v1/refunds*")
    unanswered = top_up(acme, fake, 1000, key="a")
    refund(unanswered, fake)
    failed = top_up(acme, fake, 2000, key="b")
    fake.fail_next("refused", path="/v1/refunds*")
    opened = fake.dispute(str(failed.intent_id))["id"]
    fake.heal()
    refund(failed, fake, 100)
    take_in_dispute(told_dispute(fake, opened), now=MARCH_1)
    waits = top_up(acme, fake, 3000, key="c")
    Payment.objects.filter(pk=waits.pk).update(status="pending")
    client = logged_in(build_staff(superuser=True))

    def found(code: str) -> set[int]:
        page = client.get(f"/admin/payments/payment/?worklist={code}")
        return {row.pk for row in page.context["cl"].result_list}

    assert found("unanswered") == {unanswered.pk, waits.pk}
    assert found("action") == {waits.pk}
    assert found("disputed") == {failed.pk}
    assert found("not_refunded") == {failed.pk}
    assert "Disputed payments" in text_of(client.get("/admin/"))


def test_what_people_typed_does_nothing_on_the_pages_of_money(
    acme: Organization, fake: FakeStripe
) -> None:
    Organization.objects.update(name="<script>alert(1)</script>")
    acme.refresh_from_db()
    payment = top_up(acme, fake, 5000)
    made = refund(payment, fake, 100, reason="<img src=x onerror=alert(1)>")
    client = logged_in(build_staff(superuser=True))

    for path in (
        address(acme),
        f"/admin/payments/payment/{payment.pk}/change/",
        "/admin/payments/payment/",
        f"/admin/payments/refund/{made.pk}/change/",
        "/admin/payments/refund/",
        f"/admin/payments/refund/?payment__organization__id__exact={acme.pk}",
        "/admin/payments/dispute/",
        "/admin/payments/card/",
        "/admin/payments/autorecharge/",
        "/admin/payments/consent/",
    ):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert b"<script>alert(1)" not in answer.content, path
        assert b"<img src=x" not in answer.content, path

"""The hosted pages: a person pays, is declined, passes 3-D Secure, walks away, keeps cards."""

from __future__ import annotations

from tests.billing_portal.fake_stripe.wire import Client, ask


def test_a_person_pays_on_the_page_and_comes_back(client: Client) -> None:
    session = client.checkout()
    status, page, _ = ask(session.url)
    assert status == 200
    assert "Pay 50.00 USD" in page
    assert "&lt;i&gt;Top-up" in page
    assert 'href="https://shop.test/back"' in page

    status, page, _ = ask(session.url, {"card": "4000000000009995"})
    assert (status, "insufficient funds" in page) == (200, True)
    status, _, there = ask(session.url, {"card": "4242424242424242"})

    assert (status, there) == (303, f"https://shop.test/done?session={session.id}")
    status, page, _ = ask(session.url)
    assert (status, "already" in page) == (200, True)
    assert client.fake.book()["charges"] == 1


def test_a_person_passes_3d_secure_on_its_page(client: Client) -> None:
    session = client.checkout()
    _, _, secure = ask(session.url, {"card": "4000002760003184"})
    url = client.site + secure
    assert "3-D Secure" in ask(url)[1]

    status, page, _ = ask(url, {"passed": "no"})
    assert (status, "authenticate" in page) == (200, True)
    ask(session.url, {"card": "4000002760003184"})
    status, _, there = ask(url, {"passed": "yes"})

    assert (status, there) == (303, f"https://shop.test/done?session={session.id}")


def test_a_person_confirms_a_charge_and_is_led_back(client: Client) -> None:
    card = client.fake.card("needs_action", customer=client.customer)["id"]
    waiting = client.v1.payment_intents.create(
        {
            "amount": 5000,
            "currency": "usd",
            "customer": client.customer,
            "payment_method": card,
            "payment_method_types": ["card"],
            "confirm": True,
            "return_url": "https://shop.test/back?invoice=7",
        }
    )

    status, _, there = ask(waiting.next_action.redirect_to_url.url, {"passed": "yes"})

    assert status == 303
    assert there.startswith(f"https://shop.test/back?invoice=7&payment_intent={waiting.id}&")
    assert there.endswith("redirect_status=succeeded")


def test_a_page_that_has_expired_says_so(client: Client) -> None:
    session = client.checkout()
    client.control("advance", hours=24)

    status, page, _ = ask(session.url)

    assert (status, "expired" in page) == (200, True)


def test_a_lost_answer_is_told_to_the_person_and_to_nobody_else(client: Client) -> None:
    session = client.checkout()

    status, page, there = ask(session.url, {"card": "4000000000008888"})

    assert (status, there) == (200, "")
    assert "connection was lost" in page
    assert client.fake.book()["charges"] == 1


def test_cards_are_kept_in_the_portal(client: Client) -> None:
    first = client.fake.card(customer=client.customer)["id"]
    second = client.fake.card(customer=client.customer, brand="amex")["id"]
    portal = client.v1.billing_portal.sessions.create(
        {"customer": client.customer, "return_url": "https://shop.test/"}
    )
    assert "American Express •••• 0005" in ask(portal.url)[1]

    ask(portal.url, {"do": "default", "card": second})
    ask(portal.url, {"do": "remove", "card": first})
    _, _, there = ask(portal.url, {"do": "add"})
    ask(there, {"card": "5555555555554444"})

    settings = client.v1.customers.retrieve(client.customer).invoice_settings
    assert settings.default_payment_method == second
    cards = client.v1.payment_methods.list({"customer": client.customer, "type": "card"}).data
    assert [card.card.brand for card in cards] == ["mastercard", "amex"]


def test_a_strangers_card_is_out_of_the_portals_reach(client: Client) -> None:
    stranger = client.v1.customers.create({}).id
    theirs = client.fake.card(customer=stranger)["id"]
    portal = client.v1.billing_portal.sessions.create({"customer": client.customer})

    assert ask(portal.url, {"do": "remove", "card": theirs})[0] == 404

    assert client.v1.payment_methods.retrieve(theirs).customer == stranger


def test_the_book_is_a_page(client: Client) -> None:
    ask(client.checkout().url, {"card": "4242424242424242"})

    page = ask(client.site + "/")[1]

    assert "50.00 USD" in page
    assert "Acme &lt;b&gt;" in page

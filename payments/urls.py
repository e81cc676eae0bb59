"""Addresses of this app's pages; those on which money arrives are the roof's."""

from django.urls import URLPattern, URLResolver, path

from payments import (
    auto_recharge_page,
    cards_page,
    payment_page,
    top_up_page,
    views,
    wallet_page,
)

PAYMENT = "billing/payments/<uuid:token>/"
CARDS = "billing/payment-methods/"
WALLET = "billing/wallet/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("billing/history/", views.billing_history, name="billing_history"),
    path("billing/history/csv/", views.history_csv, name="history_csv"),
    path(f"{PAYMENT}continue/", payment_page.go_on, name="continue_payment"),
    path(f"{PAYMENT}receipt/", payment_page.receipt, name="payment_receipt"),
    path(WALLET, wallet_page.wallet, name="wallet"),
    path(f"{WALLET}top-up/", top_up_page.top_up, name="top_up"),
    path(f"{WALLET}auto-recharge/", auto_recharge_page.auto_recharge, name="auto_recharge"),
    path(f"{WALLET}auto-recharge/off/", auto_recharge_page.switch_off, name="auto_recharge_off"),
    path(CARDS, cards_page.payment_methods, name="payment_methods"),
    path(f"{CARDS}add/", cards_page.add_card, name="add_card"),
    path(f"{CARDS}manage/", cards_page.manage, name="manage_cards"),
]

"""A peer at its own work, in a process and a virtual environment where our code is not.

Started by `billing_portal.benchmarks.peers`. A line of JSON is an order, a line of JSON its
answer. Everything is done through the peers' public functions, but for the long past.
"""

from __future__ import annotations

import itertools
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings

settings.configure(
    SECRET_KEY=secrets.token_hex(),
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DEFAULT_CURRENCY="EUR",
    CURRENCIES=["EUR"],
    HORDAK_CURRENCIES=["EUR"],
    DATABASES={"default": json.loads(os.environ["PEER_DATABASE"])},
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "mptt",
        "djmoney",
        "hordak",
        "dj_wallet",
    ],
    LOGGING_CONFIG=None,
)
django.setup()

# Models can be imported once the settings are known.
from dj_wallet.models import Wallet  # noqa: E402
from dj_wallet.services import WalletService  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from hordak.models import Account, AccountType  # noqa: E402
from moneyed import Money  # noqa: E402

ACCOUNTS = 1000
PLENTY = "1000000000"
# A busy account's past: transfers between it and another, each with a leg on both.
LONG_PAST = """
WITH past AS (
    INSERT INTO hordak_transaction (uuid, timestamp, date, description)
    SELECT gen_random_uuid(), now(), current_date, '' FROM generate_series(1, %(lines)s)
    RETURNING id)
INSERT INTO hordak_leg (uuid, transaction_id, account_id, credit, debit, currency, description)
SELECT gen_random_uuid(), past.id, side.account, side.credit, side.debit, 'EUR', ''
FROM past CROSS JOIN (VALUES
    (%(busy)s::bigint, 1.00, NULL), (%(other)s::bigint, NULL, 1.00)) side (account, credit, debit)
"""


class Hordak:
    """django-hordak: a busy bank account, and a thousand others that it pays."""

    def __init__(self, lines: int) -> None:
        self.bank = self._account("bank", AccountType.asset, 1)
        kinds = AccountType.liability
        others = [self._account(f"w{n}", kinds, 100 + n) for n in range(ACCOUNTS)]
        self._others = itertools.cycle(others)
        with connection.cursor() as cursor:
            # Its triggers look at one leg at a time; the past is in balance as it is written.
            cursor.execute("SET session_replication_role = replica")
            past = {"lines": lines, "busy": self.bank.pk, "other": others[0].pk}
            cursor.execute(LONG_PAST, past)
            cursor.execute("SET session_replication_role = origin")
            cursor.execute("VACUUM ANALYZE hordak_transaction, hordak_leg")

    def _account(self, name: str, kind: str, code: int) -> Any:
        return Account.objects.create(name=name, type=kind, code=str(code), currencies=["EUR"])

    def transfer_to(self) -> None:
        self.bank.transfer_to(next(self._others), Money("1.23", "EUR"))

    def get_balance(self) -> None:
        self.bank.get_balance()


class DjWallet:
    """dj-wallet: a thousand wallets with enough in them."""

    def __init__(self) -> None:
        kind = ContentType.objects.get_for_model(User)
        users = User.objects.bulk_create(User(username=f"u{n}") for n in range(ACCOUNTS))
        wallets = Wallet.objects.bulk_create(
            Wallet(holder_type=kind, holder_id=user.pk, slug="default") for user in users
        )
        for wallet in wallets:
            WalletService.deposit(wallet, PLENTY)
        self._wallets = itertools.cycle(wallets)

    def withdraw(self) -> None:
        WalletService.withdraw(next(self._wallets), "0.75")


def work_for(seconds: float, operation: Callable[[], None]) -> dict[str, Any]:
    """Repeat an operation for so long; answers what a slice of ours answers."""
    latencies: list[float] = []
    cpu = time.process_time()
    began = now = time.perf_counter()
    while now - began < seconds:
        operation()
        then, now = now, time.perf_counter()
        latencies.append(1e3 * (now - then))
    return {
        "operations": len(latencies),
        "seconds": now - began,
        "latencies": latencies,
        "client": time.process_time() - cpu,
    }


def main() -> None:
    """Get ready, say so, and do what the lines ask for until there are no more."""
    order = json.loads(sys.stdin.readline())
    call_command("migrate", verbosity=0)
    hordak, wallets = Hordak(order["lines"]), DjWallet()
    operations = {
        "transfer_to": hordak.transfer_to,
        "get_balance": hordak.get_balance,
        "withdraw": wallets.withdraw,
    }
    _answer({"ready": True})
    for line in sys.stdin:
        order = json.loads(line)
        _answer(work_for(order["seconds"], operations[order["operation"]]))


def _answer(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Large requests are parted between two transactions, by the organizations alone."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from tests.builders import MARCH_1
from usage.charging import PARTED_FROM, charge


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """Answer the organizations of each transaction that there would be."""
    seen: list[set[str]] = []
    monkeypatch.setattr(
        "usage.charging._charge_in_a_transaction",
        lambda work: seen.append({report.organization for _, report in work.reports}),
    )
    return seen


def calls_of(names: list[str]) -> list[dict[str, object]]:
    return [
        {
            "organization": name,
            "id": f"call-{number}",
            "agent": "main",
            "kind": "call",
            "channel": "web",
            "started_at": MARCH_1.isoformat(),
            "seconds": 60,
        }
        for number, name in enumerate(names)
    ]


def test_two_organizations_share_a_transaction_always_or_never(parts: list[set[str]]) -> None:
    dice = random.Random(4)
    names = [f"org-{number}" for number in range(30)]
    together: dict[tuple[str, ...], set[bool]] = {}

    for _ in range(20):
        mix = dice.sample(names, k=dice.randint(2, 20))
        parts.clear()
        charge(calls_of(dice.choices(mix, k=PARTED_FROM)), now=MARCH_1)

        assert len(parts) <= 2
        for pair in combinations(sorted(set().union(*parts)), 2):
            both = any(part >= set(pair) for part in parts)
            together.setdefault(pair, set()).add(both)

    assert {len(said) for said in together.values()} == {1}
    assert {both for said in together.values() for both in said} == {True, False}


def test_a_small_request_is_one_transaction(parts: list[set[str]]) -> None:
    names = [f"org-{number}" for number in range(PARTED_FROM - 1)]

    charge(calls_of(names), now=MARCH_1)

    assert parts == [set(names)]

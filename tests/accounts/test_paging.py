"""Pages of long lists hold still while rows are added."""

from __future__ import annotations

import pytest

from accounts.models import User
from accounts.paging import Page, page_of
from tests.builders import build_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def keys() -> list[int]:
    return [build_user().pk for _ in range(7)][::-1]


def ask(**asked: object) -> Page[User]:
    return page_of(User.objects.all(), {key: str(value) for key, value in asked.items()}, size=3)


def seen(page: Page[User]) -> list[int]:
    return [row.pk for row in page.rows]


def test_the_first_page_has_the_newest_and_knows_where_the_next_begins(keys: list[int]) -> None:
    page = ask()

    assert seen(page) == keys[:3]
    assert (page.newer, page.older) == (None, keys[2])


def test_older_pages_go_on_to_the_end_without_a_gap(keys: list[int]) -> None:
    second = ask(before=keys[2])
    third = ask(before=second.older)

    assert seen(second) + seen(third) == keys[3:]
    assert third.older is None
    assert third.newer == keys[6]


def test_newer_pages_lead_back_to_the_first(keys: list[int]) -> None:
    back = ask(after=keys[6])

    assert seen(back) == keys[3:6]
    assert seen(ask(after=back.newer)) == keys[:3]
    assert ask(after=keys[3]).newer is None


def test_a_page_holds_still_while_rows_are_added(keys: list[int]) -> None:
    before = seen(ask(before=keys[2]))

    build_user()

    assert seen(ask(before=keys[2])) == before


@pytest.mark.parametrize("nonsense", ["", "-1", "1e3", "९", "99999999999999999999", "x"])
def test_a_key_that_is_no_number_asks_for_the_first_page(keys: list[int], nonsense: str) -> None:
    assert seen(ask(before=nonsense)) == keys[:3]

"""Details are changed by who saw them as they are."""

from __future__ import annotations

import pytest

from plans.amending import amend, details_digest
from plans.refusals import PreviewOutdated
from tests.builders import MARCH_1, build_organization

pytestmark = pytest.mark.django_db


def test_details_that_somebody_else_changed_meanwhile_are_looked_at_again() -> None:
    acme = build_organization()
    seen = details_digest(acme)
    amend(acme, {"name": "Acme Reborn"}, now=MARCH_1)

    with pytest.raises(PreviewOutdated):
        amend(acme, {"email": "books@acme.test"}, digest=seen, now=MARCH_1)

    acme.refresh_from_db()
    assert (acme.name, acme.email) == ("Acme Reborn", "")


def test_details_as_they_were_seen_are_changed() -> None:
    acme = build_organization()

    amended = amend(acme, {"email": "books@acme.test"}, digest=details_digest(acme), now=MARCH_1)

    assert amended.email == "books@acme.test"

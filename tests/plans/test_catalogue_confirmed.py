"""What was confirmed of a catalogue is what is loaded."""

from __future__ import annotations

import pytest
import yaml

from plans.catalogue import load_catalogue
from plans.refusals import PreviewOutdated
from tests.builders import MARCH_1
from tests.plans.test_catalogue import SMALL, load, terms_of, with_pro

pytestmark = pytest.mark.django_db


def test_a_change_that_is_another_under_the_lock_is_not_made() -> None:
    load(SMALL)
    dearer = yaml.safe_dump(with_pro(price="59.00"))
    seen = load_catalogue(dearer, now=MARCH_1, dry_run=True)
    load(with_pro(price="69.00"))

    with pytest.raises(PreviewOutdated):
        load_catalogue(dearer, now=MARCH_1, digest=seen.digest)

    assert str(terms_of("pro").price_in("USD")) == "69.00"

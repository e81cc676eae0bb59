"""What tests of callbacks share."""

from collections.abc import Iterator

import pytest

from tests.fakes.receiver import Receiver, listening


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who listens on this machine."""
    with listening() as receiver:
        yield receiver

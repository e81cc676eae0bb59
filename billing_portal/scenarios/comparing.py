"""What a story expects is compared with what is found: only what is written, and exactly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Bag(list[Any]):
    """A list whose order does not count."""


def agrees(expected: object, found: object) -> bool:
    """Answer whether what is found is what was expected.

    Of mappings only the keys that are written; of lists everything, in order but for a bag's.
    """
    if isinstance(expected, Mapping):
        return isinstance(found, Mapping) and all(
            key in found and agrees(value, found[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        if not isinstance(found, list) or len(expected) != len(found):
            return False
        if isinstance(found, Bag):
            return _agree_in_some_order(expected, found)
        return all(agrees(one, other) for one, other in zip(expected, found, strict=True))
    return expected == found


def _agree_in_some_order(expected: list[Any], found: list[Any]) -> bool:
    left = list(found)
    for one in expected:
        for place, other in enumerate(left):
            if agrees(one, other):
                del left[place]
                break
        else:
            return False
    return True

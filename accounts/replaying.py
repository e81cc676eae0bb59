"""Staff have callbacks sent again, with a reason: those that were given up, and delivered ones."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction

from accounts.acting import record_act, require_reason
from accounts.hints import hint
from accounts.models import Callback, User
from accounts.refusals import Refusal


class NotReplayable(Refusal):
    """What waits is sent anyway, and nobody calls an endpoint that is off."""

    code = "nothing_to_replay"
    message = "None of these can be sent again: they wait already, or their endpoint is off."
    remedy = "Enable the endpoint first."


@transaction.atomic
def replay(
    callbacks: Iterable[Callback], *, reason: str, now: dt.datetime, actor: User | None = None
) -> int:
    """Have callbacks sent again under their ids, in their order; answers how many.

    :raises Invalid: no reason.
    :raises NotReplayable: there is none among them that can be.
    """
    reason = require_reason(reason)
    ids = [callback.pk for callback in callbacks]
    rows = Callback.objects.select_for_update(of=("self",)).exclude(status=Callback.Status.WAITING)
    rows = rows.filter(endpoint__disabled_at=None, endpoint__deleted_at=None, pk__in=ids)
    found = list(rows.select_related("organization").order_by("id"))
    if not found:
        raise NotReplayable
    Callback.objects.filter(pk__in=[callback.pk for callback in found]).update(
        status=Callback.Status.WAITING,
        attempts=0,
        due_at=now,
        delivered_at=None,
        replayed_at=now,
    )
    _record(found, reason=reason, now=now, actor=actor)
    hint("call_back")
    return len(found)


def _record(found: list[Callback], *, reason: str, now: dt.datetime, actor: User | None) -> None:
    by_organization = defaultdict(list)
    for callback in found:
        by_organization[callback.organization].append(callback)
    for organization, theirs in by_organization.items():
        record_act(
            organization,
            verb="replay_callbacks",
            summary=f"{len(theirs)} callbacks sent again",
            reason=reason,
            actor=actor,
            after={"messages": [f"{one.event} {one.message_id}" for one in theirs[:50]]},
            now=now,
        )

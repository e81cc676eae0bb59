"""Lists of the API: newest first, by pages that hold still, between two instants."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api_shapes import InstantField, LineField, StrictSerializer
from accounts.api_views import READ, ApiView, organization_named, read_as
from accounts.models import Organization

PAGE_SIZE = 50
LARGEST_PAGE = 200
CURSOR = re.compile(r"(?P<at>[^|]{0,40})\|(?P<pk>[0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row after which a page begins: its key, and the instant where that orders the rows."""

    pk: int
    at: dt.datetime | None = None

    def __str__(self) -> str:
        text = f"{self.at.isoformat() if self.at else ''}|{self.pk}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read what :meth:`__str__` wrote.

        :raises ValueError: somebody else wrote it.
        """
        try:
            padded = text + "=" * (-len(text) % 4)
            found = CURSOR.fullmatch(base64.urlsafe_b64decode(padded.encode("ascii")).decode())
        except (binascii.Error, UnicodeError) as error:
            raise ValueError("no cursor") from error
        if found is None:
            raise ValueError("no cursor")
        at = dt.datetime.fromisoformat(found["at"]) if found["at"] else None
        if at is not None and at.utcoffset() is None:
            raise ValueError("no cursor")
        return cls(int(found["pk"]), at)


class CursorField(LineField):
    """The place at which a page begins, as the page before it says."""

    default_error_messages = {"cursor": "This is no cursor; take it from “next”."}

    def to_internal_value(self, data: Any) -> Any:
        """Answer the cursor."""
        try:
            return Cursor.parse(super().to_internal_value(data))
        except ValueError:
            self.fail("cursor")


class Filters(StrictSerializer):
    """What every list can be asked for."""

    to = InstantField(required=False, help_text="Only what is before this instant.")
    cursor = CursorField(required=False, help_text="As in `next` of the page before.")
    page_size = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_PAGE, default=PAGE_SIZE
    )

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which Python keeps for itself."""
        since = InstantField(required=False, help_text="Only what is at or after this instant.")
        return {"from": since, **super().get_fields()}


class RowsView(ApiView):
    """One organization's rows of some sort, a page at a time, in one statement."""

    scopes = {"GET": READ}
    filters: ClassVar[type[Filters]] = Filters
    row: ClassVar[type[serializers.Serializer[Any]]]
    # The column that `from` and `to` mean.
    instant: ClassVar[str]
    # Whether rows are ordered by that column, or by the key, which is the order of writing.
    by_instant: ClassVar[bool] = False

    def rows(self, organization: Organization, asked: dict[str, Any]) -> QuerySet[Any]:
        """Answer the rows that are asked for, in any order."""
        raise NotImplementedError

    def page(self, request: Request, external_id: str) -> Response:
        """Answer the page that the query string asks for."""
        asked = read_as(self.filters, request.query_params.dict())
        organization = organization_named(request, external_id)
        rows = self._between(self.rows(organization, asked), asked)
        size = asked["page_size"]
        order = (f"-{self.instant}", "-pk") if self.by_instant else ("-pk",)
        found = list(rows.order_by(*order)[: size + 1])
        following = self._address_after(request, found[size - 1]) if len(found) > size else None
        results = self.row(found[:size], many=True).data
        return Response({"next": following, "results": results})

    def _between(self, rows: QuerySet[Any], asked: dict[str, Any]) -> QuerySet[Any]:
        if "from" in asked:
            rows = rows.filter(**{f"{self.instant}__gte": asked["from"]})
        if "to" in asked:
            rows = rows.filter(**{f"{self.instant}__lt": asked["to"]})
        cursor: Cursor | None = asked.get("cursor")
        if cursor is None:
            return rows
        if not self.by_instant or cursor.at is None:
            return rows.filter(pk__lt=cursor.pk)
        same = Q(**{self.instant: cursor.at}, pk__lt=cursor.pk)
        older = Q(**{f"{self.instant}__lt": cursor.at})
        # The first condition is implied by the others; it is the one that an index can use.
        return rows.filter(older | same, **{f"{self.instant}__lte": cursor.at})

    def _address_after(self, request: Request, last: Model) -> str:
        at = getattr(last, self.instant) if self.by_instant else None
        query = request.query_params.copy()
        query["cursor"] = str(Cursor(last.pk, at))
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


@cache
def page_of(row: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Make the shape of a page of such rows, for the description of the API."""
    name = row.__name__.removesuffix("Serializer")
    return type(
        f"{name}PageSerializer",
        (serializers.Serializer,),
        {
            "next": serializers.URLField(allow_null=True, help_text="The next page, if any."),
            "results": row(many=True),
        },
    )

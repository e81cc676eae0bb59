"""The platform as tests play it: a program with a key that speaks JSON."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.test import Client

from accounts.api_keys import make_key
from accounts.models import ApiKey, Organization
from tests.builders import MARCH_1

ALL = tuple(ApiKey.Scope.values)


class Platform:
    """A caller with a key, for every organization or for one, with all scopes or some."""

    def __init__(self, organization: Organization | None = None, *scopes: str) -> None:
        self.key, self.text = make_key(
            "test", scopes=scopes or ALL, organization=organization, now=MARCH_1
        )
        # The first use of a minute is written down; tests count what comes after it.
        self.key.last_used_at = MARCH_1 + dt.timedelta(days=365 * 20)
        self.key.save()
        self.client = Client(headers={"Authorization": f"Api-Key {self.text}"})

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", query)

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/v1{path}")

    def post(self, path: str, body: Any) -> Any:
        return self.send("POST", path, json.dumps(body))

    def put(self, path: str, body: Any = None) -> Any:
        return self.send("PUT", path, json.dumps(body))

    def patch(self, path: str, body: Any) -> Any:
        return self.send("PATCH", path, json.dumps(body))

    def send(
        self, method: str, path: str, body: str | bytes, content_type: str = "application/json"
    ) -> Any:
        """Send a body as it is."""
        return self.client.generic(method, f"/api/v1{path}", body, content_type=content_type)

    def pages(self, path: str, **query: Any) -> list[list[dict[str, Any]]]:
        """Follow a list to its end."""
        answer, pages = self.get(path, **query), []
        while True:
            assert answer.status_code == 200, answer.content
            page = answer.json()
            pages.append(page["results"])
            if page["next"] is None:
                return pages
            answer = self.client.get(page["next"])


def refused(answer: Any, status: int, code: str, *fields: str) -> None:
    """Assert that an answer is an error of this kind, in the one shape errors have."""
    said = answer.json()
    assert (answer.status_code, said["code"], *sorted(said["fields"])) == (
        status,
        code,
        *sorted(fields),
    ), said
    assert set(said) == {"code", "message", "fields"}
    assert said["message"]
    assert answer["Content-Type"] == "application/json"

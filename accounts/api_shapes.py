"""Pieces that the API's bodies are made of: strict objects, plain texts, exact times."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django_countries import countries
from rest_framework import serializers

from accounts.models import validate_time_zone

LONGEST_ID = 200
# An unescaped + of a query string arrives as a space; before an offset it can be nothing else.
LOST_PLUS = re.compile(r"(?<=T)(.*) (?=\d\d:?\d\d$)")


class StrictSerializer(serializers.Serializer[Any]):
    """An object whose every field is known; a slip of the pen is said, not swallowed."""

    def to_internal_value(self, data: Any) -> Any:
        """Read the object; a field that does not exist is refused by name."""
        if isinstance(data, Mapping):
            unknown = [str(name)[:40] for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {name: ["There is no such field."] for name in unknown[:20]}
                )
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """A text, and nothing that could be read as one; line breaks are its only controls."""

    allowed_controls = "\n"
    default_error_messages = {"control": "This text has control characters."}

    def to_internal_value(self, data: Any) -> str:
        """Refuse what is no text, or has characters that no person types."""
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data).replace("\r\n", "\n")
        for char in text:
            if unicodedata.category(char) == "Cc" and char not in self.allowed_controls:
                self.fail("control")
        return text


class LineField(TextField):
    """A text of one line."""

    allowed_controls = ""


class IdField(LineField):
    """The platform's own id of something, as it can stand in an address."""

    default_error_messages = {"slash": "An id has no slash, and is not “.” or “..”."}

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", LONGEST_ID)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        """Refuse an id that no address could name."""
        text = super().to_internal_value(data)
        if "/" in text or text in (".", ".."):
            self.fail("slash")
        return text


class InstantField(serializers.DateTimeField):
    """An instant: ISO 8601 with an offset; a naive time is refused."""

    default_error_messages = {
        "invalid": "This is no ISO 8601 time, such as 2026-03-01T09:00:00+01:00.",
        "naive": "A time needs its offset, such as Z or +01:00.",
    }

    def to_internal_value(self, value: Any) -> dt.datetime:
        """Answer the instant in UTC."""
        if not isinstance(value, str):
            self.fail("invalid")
        try:
            instant = dt.datetime.fromisoformat(LOST_PLUS.sub(r"\1+", value.strip()))
            if instant.utcoffset() is None:
                self.fail("naive")
            return instant.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            self.fail("invalid")


class TimeZoneField(LineField):
    """The IANA name of a time zone."""

    def to_internal_value(self, data: Any) -> str:
        """Refuse a name that is no time zone."""
        text = super().to_internal_value(data)
        try:
            validate_time_zone(text)
        except ModelError as error:
            raise serializers.ValidationError(error.messages) from error
        return text


class CountryField(LineField):
    """A country of ISO 3166 by its two letters; empty where it is not known."""

    default_error_messages = {"country": "This is no country of ISO 3166, such as DE."}

    def to_internal_value(self, data: Any) -> str:
        """Refuse two letters that are no country."""
        text = super().to_internal_value(data).upper()
        if text and text not in countries:
            self.fail("country")
        return text


class CurrencyField(LineField):
    """A currency of ISO 4217 by its three letters."""

    default_error_messages = {"currency": "A currency has three letters, such as EUR."}

    def to_internal_value(self, data: Any) -> str:
        """Refuse what cannot be the code of a currency."""
        text = super().to_internal_value(data).upper()
        if not re.fullmatch("[A-Z]{3}", text):
            self.fail("currency")
        return text

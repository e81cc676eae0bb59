"""Every index is written with every row: none that another one begins with."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db.models import ForeignKey, Model, UniqueConstraint

OWN = ("accounts", "wallet", "invoices", "payments", "plans", "usage")


def test_no_foreign_key_has_an_index_that_another_one_begins_with() -> None:
    models = [model for model in apps.get_models() if model._meta.app_label in OWN]

    twice = [f"{model.__name__}.{name}" for model in models for name in twice_indexed(model)]

    assert len(models) > 30
    assert twice == []


def twice_indexed(model: type[Model]) -> Iterator[str]:
    """Answer the foreign keys of a model that two indexes over all of its rows begin with."""
    meta = model._meta
    unique = [made for made in meta.constraints if isinstance(made, UniqueConstraint)]
    made = [*unique, *meta.indexes]
    first = {index.fields[0].lstrip("-") for index in made if index.fields and not index.condition}
    for field in meta.concrete_fields:
        # Of a foreign key; a field of any other kind has an index only where it is told so.
        indexed = isinstance(field, ForeignKey) and getattr(field, "db_index", False)
        if indexed and not field.unique and field.name in first:
            yield field.name

"""No row points at another organization's row, or at none.

Read from the models, so that a new one is covered, also where it has no foreign key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, ForeignKey, Model
from django.db.models.options import Options

from accounts.invariants import Invariant
from accounts.models import Organization


def tenant_links() -> Iterator[tuple[type[Model], str, type[Model]]]:
    """Answer every foreign key from a model with an organization to another that has one."""
    for model in apps.get_models():
        if _organization_column(model) is None:
            continue
        for field in _options(model).concrete_fields:
            target = field.related_model if isinstance(field, ForeignKey) else None
            if isinstance(target, type) and _organization_column(target):
                yield model, str(field.column), target


def one_tenant() -> Invariant:
    """Make the invariant that compares the organizations on both ends of every such key."""
    parts = [_mismatches(*link) for link in tenant_links()]
    title = "no row points at a row of another organization, or at none"
    return Invariant("I19", title, " UNION ALL ".join(parts))


def _organization_column(model: type[Model]) -> str | None:
    try:
        field = _options(model).get_field("organization")
    except FieldDoesNotExist:
        return None
    if isinstance(field, Field) and field.related_model is Organization:
        return field.column
    return None


def _mismatches(model: type[Model], column: str, target: type[Model]) -> str:
    child, parent = _options(model), _options(target)
    mine, theirs = _organization_column(model), _organization_column(target)
    return f"""
        SELECT 'of organization ' || c."{mine}" || ', {column} is of '
                   || coalesce(p."{theirs}"::text, 'none'),
               '{child.model_name} ' || c."{child.pk.column}"
        FROM "{child.db_table}" c
        LEFT JOIN "{parent.db_table}" p ON p."{parent.pk.column}" = c."{column}"
        WHERE c."{mine}" <> p."{theirs}"
           OR c."{column}" IS NOT NULL AND p."{parent.pk.column}" IS NULL
    """  # noqa: S608 - names of our own tables and columns


def _options(model: type[Model]) -> Options[Any]:
    return model._meta

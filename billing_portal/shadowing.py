"""An organization's rows stand once more in tables of this transaction, and only they can change.

Temporary tables take the names of ours, so that every query finds one organization's copies and
nobody else's rows. From then on the transaction may only read: the database itself refuses to
write, lock or number anything but the copies, and forgets those when it is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection, transaction
from django.db.models import ForeignKey, GeneratedField, Model

from accounts.models import Callback, Organization, User, WebhookEndpoint
from invoices.models import Series
from payments.models import StripeEvent
from plans.models import Plan, PlanVersion, Site
from usage.models import UsageEvent
from wallet.models import CreditPrice, LedgerEntry

FLOORS = ("accounts", "wallet", "invoices", "payments", "plans", "usage")
# Read where they are: what is the same for everybody, and reports, which no sweep changes.
READ_IN_PLACE = (User, CreditPrice, Site, Plan, PlanVersion, UsageEvent)
# Nobody's own and changed by sweeps: invoices are numbered on in a copy of the series.
WHOLE = (Series,)
# What Stripe told us and nobody acted on yet: in a copy of the world Stripe cannot be asked.
# Nor is anybody called back out of it: there nobody listens, and nothing waits to be said.
EMPTY = (StripeEvent, WebhookEndpoint, Callback)
# Charges are most of the books; no sweep posts one or looks at one.
LEFT_OUT: dict[type[Model], str] = {LedgerEntry: "kind = 'usage'"}

Rows = str
"""Which rows of a table are copied, as SQL has it."""


@contextmanager
def shadow_of(organization: Organization) -> Iterator[None]:
    """Let everything within see a copy of this organization alone, and forget it afterwards."""
    with transaction.atomic():
        _copy(organization.pk)
        try:
            yield
        finally:
            transaction.set_rollback(True)
    # Statements that were planned for the copies are planned anew.
    _run("DISCARD PLANS")


def shadowed() -> dict[type[Model], str]:
    """Answer each model that is copied, with the condition for the organization's rows of it.

    :raises LookupError: nothing says whose the rows of a model are.
    """
    models = [model for floor in FLOORS for model in apps.get_app_config(floor).get_models()]
    copied = [model for model in models if model not in READ_IN_PLACE]
    return {model: _rows_of(model) for model in copied}


def _rows_of(model: type[Model]) -> Rows:
    """Write which rows of a model are the organization's: its own, or those of what is its own."""
    if model in WHOLE:
        return "true"
    if model in EMPTY:
        return "false"
    if model is Organization:
        return "id = %(organization)s"
    owners = [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]
    for field in owners:
        if field.related_model is Organization:
            but = f" AND NOT {LEFT_OUT[model]}" if model in LEFT_OUT else ""
            return f"{field.column} = %(organization)s{but}"
    for field in owners:
        owner = field.related_model
        if not field.null and owner not in READ_IN_PLACE:
            ids = f"SELECT {owner._meta.pk.column} FROM {{schema}}.{owner._meta.db_table}"  # noqa: S608 - names of our own tables
            return f"{field.column} IN ({ids} WHERE {_rows_of(owner)})"
    raise LookupError(f"nothing says whose the rows of {model.__name__} are")


def _copy(organization_id: int) -> None:
    """Make the tables, fill them in one statement and so at one instant, and close the others."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = connection.ops.quote_name(cursor.fetchone()[0])
        rows = {model._meta.db_table: found for model, found in shadowed().items()}
        for table in rows:
            cursor.execute(
                f"CREATE TEMPORARY TABLE {table} (LIKE {schema}.{table} INCLUDING ALL) "
                "ON COMMIT DROP"
            )
        filled = ", ".join(
            f"of_{model._meta.db_table} AS ({_fill(model, found, schema)})"
            for model, found in shadowed().items()
        )
        cursor.execute(f"WITH {filled} SELECT", {"organization": organization_id})
        _number_on(shadowed())
        cursor.execute("DISCARD PLANS")
        cursor.execute("SET TRANSACTION READ ONLY")


def _fill(model: type[Model], rows: Rows, schema: str) -> str:
    table = model._meta.db_table
    columns = ", ".join(
        connection.ops.quote_name(str(field.column))
        for field in model._meta.concrete_fields
        if not isinstance(field, GeneratedField)
    )
    found = rows.format(schema=schema)
    return (
        f"INSERT INTO pg_temp.{table} ({columns}) SELECT {columns} FROM {schema}.{table} "  # noqa: S608 - names of our own tables and columns
        f"WHERE {found}"
    )


def _number_on(models: Iterable[type[Model]]) -> None:
    """Let the copies' own sequences go on behind the ids that are copied."""
    counted = [model._meta for model in models if model._meta.pk.db_returning]
    for meta in counted:
        table, column = f"pg_temp.{meta.db_table}", meta.pk.column
        last = f"SELECT coalesce(max({column}), 0) + 1 FROM {table}"  # noqa: S608 - names of our own tables
        _run(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), ({last}))")


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)

"""Keys of programs: made and shown once, known by their digest, revoked at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import secrets
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import ApiKey, Organization
from accounts.refusals import Invalid

if TYPE_CHECKING:
    # Imported for real it would ask the settings for the class below.
    from rest_framework.views import APIView

log = logging.getLogger(__name__)

KEYWORD = "Api-Key"
PREFIX_LENGTH = 12
SECRET_BYTES = 32
REMEMBER_USE_EVERY = dt.timedelta(minutes=1)
ALPHABET = string.ascii_lowercase + string.digits
NOBODY = AnonymousUser()
# Compared against where there is no key, so that both answers take the same time.
NO_DIGEST = "0" * 64


def make_key(
    name: str,
    *,
    scopes: Sequence[str],
    now: dt.datetime,
    organization: Organization | None = None,
    expires_at: dt.datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; answer it with the text that is shown this once and kept nowhere.

    Without an organization it is a platform key and acts for every one.

    :raises Invalid: no name, no scope, an unknown one, or an expiry that has passed.
    """
    name = name.strip()
    if not 0 < len(name) <= 100:
        raise Invalid("A key has a name of 1 to 100 characters.", field="name")
    if not scopes or set(scopes) - set(ApiKey.Scope.values):
        words = f"Choose at least one scope of {', '.join(ApiKey.Scope.values)}."
        raise Invalid(words, field="scopes")
    if expires_at is not None and expires_at <= now:
        raise Invalid("A key expires in the future.", field="expires_at")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    key = ApiKey.objects.create(
        name=name,
        prefix="".join(secrets.choice(ALPHABET) for _ in range(PREFIX_LENGTH)),
        digest=digest_of(secret),
        organization=organization,
        scopes=[scope for scope in ApiKey.Scope.values if scope in scopes],
        expires_at=expires_at,
        created_at=now,
    )
    return key, f"{key.prefix}.{secret}"


def revoke(key: ApiKey, *, now: dt.datetime) -> None:
    """Let a key open nothing any more, from its next request on."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now)


def find_key(text: str, *, now: dt.datetime) -> ApiKey | None:
    """Answer the valid key that a program shows, with its organization, in one statement."""
    prefix, _, secret = text.partition(".")
    if len(prefix) != PREFIX_LENGTH or not (prefix.isascii() and prefix.isalnum()):
        return None
    key = ApiKey.objects.select_related("organization").filter(prefix=prefix).first()
    known = key.digest if key else NO_DIGEST
    if not hmac.compare_digest(known, digest_of(secret)):
        return None
    if key is not None and not key.is_valid(now):
        log.warning("API key %s is revoked or expired", key.prefix)
        return None
    return key


def remember_use(key: ApiKey, *, now: dt.datetime) -> None:
    """Write down that a key was used, at most once a minute."""
    since = now - REMEMBER_USE_EVERY
    if key.last_used_at is None or key.last_used_at <= since:
        unused = Q(last_used_at__isnull=True) | Q(last_used_at__lte=since)
        ApiKey.objects.filter(unused, pk=key.pk).update(last_used_at=now)


def digest_of(secret: str) -> str:
    """Answer what is kept of a secret; it is too random to be guessed from its digest."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKeyAuthentication(BaseAuthentication):
    """Who calls is known by ``Authorization: Api-Key PREFIX.SECRET``, and by nothing else."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        """Answer the key; there is no user behind it.

        :raises AuthenticationFailed: a key that is unknown, revoked or expired.
        """
        scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != KEYWORD.lower():
            return None
        now = timezone.now()
        key = find_key(text.strip(), now=now)
        if key is None:
            raise AuthenticationFailed("This key is unknown, revoked or expired.")
        remember_use(key, now=now)
        return NOBODY, key

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme that a caller without a key should use."""
        return f'{KEYWORD} realm="api"'


class HasScope(BasePermission):
    """A key may do what one of its scopes allows; a view that names no scope is closed."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Answer whether the key has the scope that the view names for the method."""
        key = request.auth
        if not isinstance(key, ApiKey):
            return False
        method = "GET" if request.method == "HEAD" else request.method or ""
        scope = getattr(view, "scopes", {}).get(method)
        if scope is None:
            # What the view cannot do is answered with 405 by the view itself.
            return not hasattr(view, method.lower())
        self.message = f"This key lacks the scope “{scope}”."
        return scope in key.scopes

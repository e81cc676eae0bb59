"""Users, organizations and what is known about them; what they are told, and the log of acts."""

from accounts.models.callbacks import Callback, WebhookEndpoint
from accounts.models.correspondence import Act, Letter
from accounts.models.organizations import (
    Agent,
    Membership,
    Organization,
    OrganizationQuerySet,
    new_external_id,
    validate_time_zone,
)
from accounts.models.people import User, UserManager
from accounts.models.programs import ApiKey

__all__ = [
    "Act",
    "Agent",
    "ApiKey",
    "Callback",
    "Letter",
    "Membership",
    "Organization",
    "OrganizationQuerySet",
    "User",
    "UserManager",
    "WebhookEndpoint",
    "new_external_id",
    "validate_time_zone",
]

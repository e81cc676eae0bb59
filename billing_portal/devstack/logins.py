"""Who can log in to the demo; the demo data make these people."""

from dataclasses import dataclass

PASSWORD = "look-around"  # noqa: S105 - printed by the demo, worth nothing elsewhere


@dataclass(frozen=True)
class Login:
    """One person of the demo."""

    role: str
    email: str
    page: str


STAFF = Login("staff", "staff@intrlume.tech", "/admin/")
OWNER = Login("owner", "owner@intrlume.tech", "/billing/")
MEMBER = Login("member", "member@intrlume.tech", "/")
LOGINS = (STAFF, OWNER, MEMBER)
# The demo's platform calls the API with it; opens nothing elsewhere.
PLATFORM_KEY = "demoplatform.look-around-with-curl-in-the-demo"

"""The environment variables that the programs of the demo and of the tests see."""

import os
import secrets

from billing_portal.devstack.places import Home

PRODUCTION = {
    "DEMO": "0",
    "DEBUG": "0",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": "billing.example.com",
    "SITE_URL": "https://billing.example.com",
    "STRIPE_LIVE_MODE": "1",
    "STRIPE_LIVE_SECRET_KEY": "rk_live_" + "0" * 24,
}


def of_demo(home: Home, port: int) -> dict[str, str]:
    """Return the demo's variables, under what the caller has set."""
    ours = {
        "DEMO": "1",
        "SECRET_KEY": _secret_key(home),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "BRAND_NAME": "Intrlume",
        "BRAND_LOGO": "intrlume.svg",
        "CONTACT_ADDRESS": "admin@intrlume.tech",
        "SELLER_NAME": "Intrlume, Inc.",
        "SELLER_ADDRESS": "1209 Orange Street,Wilmington DE 19801,United States",
        "EMAIL_URL": f"filemail:///{home.directory / 'mail'}",
        "CELERY_BEAT_FILE": str(home.directory / "celerybeat-schedule"),
        "PYTHONUNBUFFERED": "1",
    }
    return {**ours, **os.environ}


def of_tests() -> dict[str, str]:
    """Return the variables of the tests."""
    return {**os.environ, "DEMO": "1", "DEBUG": "0", "PYTHONUNBUFFERED": "1"}


def _secret_key(home: Home) -> str:
    """Return the demo's own key, made once, so that log-ins outlast a restart."""
    path = home.directory / "secret-key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64))
    return path.read_text()

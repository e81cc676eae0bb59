"""Everything that differs between installations, read from the environment.

The default posture is production. `DEMO=1` turns off only what plain http on one's own machine
cannot do, and gives a value to what production must be told.
"""

from pathlib import Path
from typing import Any

import environ
import sentry_sdk

from billing_portal.api_schema import schema_settings
from billing_portal.content_policy import STRICT
from billing_portal.log_format import configure_structlog, logging_config
from billing_portal.operating import theme
from billing_portal.redis_address import IMPATIENT, broker_url, cache_url

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _required(name: str, *, in_demo: str) -> str:
    return str(env.str(name, default=in_demo) if DEMO else env.str(name))


# --- Installation ---------------------------------------------------------------------------
DEMO = env.bool("DEMO", default=False)
# Never on in the demo either: dj-stripe lets a request header replace the signing secret then.
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = _required("SECRET_KEY", in_demo="demo-only-" + "not-a-secret-" * 5)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if DEMO else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_URL = _required("SITE_URL", in_demo="http://127.0.0.1:8000").rstrip("/")

# --- Brand, seller and tax ------------------------------------------------------------------
BRAND_NAME = env.str("BRAND_NAME", default="Billing Portal")
CONTACT_ADDRESS = env.str("CONTACT_ADDRESS", default="billing@example.com")
BRAND = {
    "name": BRAND_NAME,
    "logo": env.str("BRAND_LOGO", default=""),
    "colour": env.str("BRAND_COLOUR", default="#1d4ed8"),
    "contact": CONTACT_ADDRESS,
}
SELLER = {
    "name": env.str("SELLER_NAME", default=BRAND_NAME),
    "address": env.list("SELLER_ADDRESS", default=[]),
    "tax_id": env.str("SELLER_TAX_ID", default=""),
}
# Both empty: no document has a tax line.
TAX_NAME = env.str("TAX_NAME", default="")
TAX_PERCENT = env.str("TAX_PERCENT", default="")
INVOICE_DUE_DAYS = env.int("INVOICE_DUE_DAYS", default=14)

# --- Applications ---------------------------------------------------------------------------
INSTALLED_APPS = [
    "billing_portal",
    "usage",
    "plans",
    "payments",
    "invoices",
    "wallet",
    "accounts",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "billing_portal.operating.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_countries",
    "django_structlog",
    "djstripe",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "rest_framework",
]
MIDDLEWARE = [
    "billing_portal.request_id.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "billing_portal.body_limit.BodyLimitMiddleware",
    "billing_portal.content_policy.ContentPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "billing_portal.urls"
WSGI_APPLICATION = "billing_portal.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "billing_portal.branding.brand",
                "billing_portal.top_bar.top_bar",
            ]
        },
    }
]
UNFOLD = theme.UNFOLD
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database, cache and queue --------------------------------------------------------------
_database: dict[str, Any] = env.db_url_config(
    _required("DATABASE_URL", in_demo="postgres:///billing_portal")
)
_options: dict[str, Any] = _database.setdefault("OPTIONS", {})
# `?host=/directory` names a unix socket; Django's other users of it look at HOST.
_database["HOST"] = _options.pop("host", _database["HOST"])
# What `accounts.prepared` asks is planned once: it goes by keys, so one plan fits everybody. A
# pooler that does not know prepared statements wants them off.
_options["prepare_threshold"] = 5 if env.bool("DATABASE_PREPARE", default=True) else None
_options.setdefault("options", "-c plan_cache_mode=force_generic_plan")
# A server that is gone is noticed within a minute, also by whoever waits for its answer.
_options |= {"connect_timeout": 10, "keepalives_idle": 30, "tcp_user_timeout": 30_000} | _options
# A pool suits the threads of the web server; Celery's processes and the tests use none.
DATABASE_POOL = env.int("DATABASE_POOL", default=0)
if DATABASE_POOL:
    _options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 10}
else:
    _database |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
DATABASES = {"default": _database}

REDIS_URL = _required("REDIS_URL", in_demo="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": cache_url(REDIS_URL),
        "KEY_PREFIX": "billing_portal",
        "OPTIONS": IMPATIENT,
    }
}

CELERY_BROKER_URL = broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than the longest task, or Redis hands a running task to a second worker.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    # A request that gives a hint never hangs on a Redis that drops packets.
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 1800
CELERY_TASK_SOFT_TIME_LIMIT = 1740
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# Off where nobody listens: a story does the workers' work itself.
QUEUE_HINTS = True
CELERY_BEAT_SCHEDULE_FILENAME = env.str("CELERY_BEAT_FILE", default="run/celerybeat-schedule")

# --- People and log-in ----------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
REQUIRE_STAFF_TOTP = env.bool("REQUIRE_STAFF_TOTP", default=not DEMO)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.signing_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = BRAND_NAME
# Staff are made by staff, so their address is known; the second factor must not wait for mail.
MFA_ALLOW_UNVERIFIED_EMAIL = True

# --- What a browser is told -----------------------------------------------------------------
HTTPS = not DEMO
SECURE_SSL_REDIRECT = HTTPS
# A load balancer asks for health over plain http.
SECURE_REDIRECT_EXEMPT = [r"^healthz/$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CONTENT_SECURITY_POLICY = {"DIRECTIVES": STRICT}
REQUEST_BODY_LIMIT = env.int("REQUEST_BODY_LIMIT", default=2_621_440)
DATA_UPLOAD_MAX_MEMORY_SIZE = REQUEST_BODY_LIMIT

# --- API ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api_keys.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api_keys.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.api_rates.KeyRate"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.api_json.StrictJSONParser"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "accounts.api_errors.exception_handler",
    # Half a surrogate pair that a client sent can then be named in the answer.
    "UNICODE_JSON": False,
}
# Requests of one key in a minute, by sort.
API_RATES = {
    sort: env.int(f"API_RATE_{sort.upper()}", default=rate)
    for sort, rate in {"gate": 600_000, "usage": 120_000, "read": 6_000, "write": 3_000}.items()
}
# And of one person, for what costs more than a page.
PAGE_RATES = {"file": 60, "stripe": 30}
SPECTACULAR_SETTINGS = schema_settings(BRAND_NAME)

# --- Stripe ---------------------------------------------------------------------------------
STRIPE_LIVE_MODE = env.bool("STRIPE_LIVE_MODE", default=False)
STRIPE_LIVE_SECRET_KEY = env.str("STRIPE_LIVE_SECRET_KEY", default="")
# Well formed and worth nothing: dj-stripe refuses every webhook under a malformed key.
_FAKE_KEY = "sk_test_" + "0" * 24
STRIPE_TEST_SECRET_KEY = env.str("STRIPE_TEST_SECRET_KEY", default=_FAKE_KEY if DEMO else "")
STRIPE_SECRET_KEY = STRIPE_LIVE_SECRET_KEY if STRIPE_LIVE_MODE else STRIPE_TEST_SECRET_KEY
STRIPE_API_BASE = "https://api.stripe.com"
if DEMO and (host := env.str("STRIPE_API_HOST", default="")):
    # The fake Stripe; dj-stripe warns of it, and reads the same setting under its own name.
    STRIPE_API_BASE = STRIPE_API_HOST = host
    SILENCED_SYSTEM_CHECKS = ["djstripe.W002"]
STRIPE_API_VERSION = "2026-08-26.dahlia"
# Several while a secret is being changed: any of them may have signed.
STRIPE_WEBHOOK_SECRETS = env.list("STRIPE_WEBHOOK_SECRET", default=[])
# A callable that answers in Stripe's place in this process; stories and tests set it.
STRIPE_TRANSPORT: Any = None
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
DJSTRIPE_SUBSCRIBER_MODEL = "accounts.Organization"
# dj-stripe's own 500 steps take minutes; ours reach the same tables in one.
MIGRATION_MODULES = {"djstripe": "payments.djstripe_migrations"}

# --- Mail -----------------------------------------------------------------------------------
vars().update(env.email("EMAIL_URL", default="consolemail://" if DEMO else "smtp://localhost:25"))
# A mail server that hangs must not hold a letter's lock for long.
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=20)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"{BRAND_NAME} <{CONTACT_ADDRESS}>")
SERVER_EMAIL = CONTACT_ADDRESS

# --- Language, time and files ---------------------------------------------------------------
LANGUAGE_CODE = "en"
USE_I18N = True
FORMAT_MODULE_PATH = "billing_portal.formats"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# The demo serves files from where they lie; an installation collects and compresses them once.
STATIC_ROOT = None if DEMO else BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = DEMO
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEMO
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- What is written about itself -----------------------------------------------------------
LOGGING = logging_config(as_json=not DEMO, level=env.str("LOG_LEVEL", default="INFO"))
configure_structlog()
DJANGO_STRUCTLOG_CELERY_ENABLED = True
if SENTRY_DSN := env.str("SENTRY_DSN", default=""):
    sentry_sdk.init(dsn=SENTRY_DSN, send_default_pii=False, include_local_variables=False)

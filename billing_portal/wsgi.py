"""The door for WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application

from billing_portal.garbage import leave_the_past_alone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing_portal.settings")

application = get_wsgi_application()
leave_the_past_alone()

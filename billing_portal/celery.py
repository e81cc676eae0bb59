"""The Celery application and its clock, built from the timetable."""

import os

from celery import Celery
from django_structlog.celery.steps import DjangoStructLogInitStep

from billing_portal.timetable import beat_schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing_portal.settings")

app = Celery("billing_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = beat_schedule()
app.steps["worker"].add(DjangoStructLogInitStep)

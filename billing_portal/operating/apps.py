"""The admin application, with the console as its site."""

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    default_site = "billing_portal.operating.site.ConsoleSite"

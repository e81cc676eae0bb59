"""What the admin theme is told, by the dotted names of what answers it."""

UNFOLD = {
    "SITE_TITLE": "billing_portal.branding.admin_title",
    "SITE_HEADER": "billing_portal.branding.admin_title",
    "SITE_ICON": "billing_portal.operating.look.logo",
    "SITE_FAVICONS": [{"rel": "icon", "href": "billing_portal.operating.look.logo"}],
    "SITE_URL": "/",
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": ["billing_portal.operating.look.style_sheet"],
    "COLORS": {"primary": "billing_portal.operating.look.shades"},
    "DASHBOARD_CALLBACK": "billing_portal.operating.home.dashboard",
    "SIDEBAR": {"navigation": "billing_portal.operating.sidebar.navigation"},
    "ACCOUNT": {"navigation": "billing_portal.operating.sidebar.account_links"},
}

"""What a browser may load: strict for customers, looser where the admin theme needs it."""

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest, HttpResponseBase

Policy = dict[str, list[str]]

STRICT: Policy = {
    "default-src": [SELF],
    "object-src": [NONE],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
    "form-action": [SELF],
}
# The admin theme runs Alpine, which evaluates expressions, and sets styles on elements.
ADMIN: Policy = {
    **STRICT,
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}
# The API's own page sets styles on elements and shows its icons as data.
API_DOCS: Policy = {
    **STRICT,
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
}
LOOSER_PREFIXES = {"/admin/": ADMIN, "/api/docs/": API_DOCS}


class ContentPolicyMiddleware(CSPMiddleware):
    """Send the policy that belongs to the path."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Return the parts of the policy, the whole of it replaced on the looser paths."""
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only:
            for prefix, policy in LOOSER_PREFIXES.items():
                if request.path_info.startswith(prefix):
                    parts.config = policy
        return parts

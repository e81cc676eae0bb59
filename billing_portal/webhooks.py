"""The door for Stripe: what it tells us is verified, kept, and answered at once."""

from __future__ import annotations

import structlog
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.hints import hint
from payments.inbox import MOST_BYTES, NotFromStripe, take_in

logger = structlog.get_logger(__name__)


@csrf_exempt  # Stripe has no session of ours; its signature is what lets it in.
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Keep one event, to be acted on by a worker; the same event again is as welcome."""
    signature = request.headers.get("Stripe-Signature", "")
    # Before the body is read, so that a flood without a signature costs next to nothing.
    if not signature or request.headers.get("Content-Encoding", "identity") != "identity":
        return HttpResponse("Not from Stripe.\n", content_type="text/plain", status=400)
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return HttpResponse("Too large.\n", content_type="text/plain", status=413)
    try:
        take_in(request.body, signature, now=timezone.now())
    except (NotFromStripe, UnreadablePostError) as refused:
        logger.warning("webhook_refused", why=str(refused))
        return HttpResponse("Not from Stripe.\n", content_type="text/plain", status=400)
    hint("handle_events")
    return HttpResponse("Kept.\n", content_type="text/plain")

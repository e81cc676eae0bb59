"""Floor 4: how money arrives; the only place that will ever talk to Stripe."""

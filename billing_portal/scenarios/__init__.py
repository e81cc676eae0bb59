"""Billing stories that run: a YAML file tells one, the product's own verbs perform it."""

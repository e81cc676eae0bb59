"""Floor 2: money, credits, grants and the append-only ledger."""

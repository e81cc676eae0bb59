"""Floor 6: what was used, what it cost, and whether more may start."""

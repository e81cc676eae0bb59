"""Floor 5: plans, their versions, and the periods an organization lives in."""

"""dj-stripe's tables in one step; its own steps take minutes to reach the same schema."""

"""The operator's console: the pages of admin on which staff act, and what spans floors."""

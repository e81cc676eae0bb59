"""Floor 3: what is claimed from whom, under which number, on which paper."""

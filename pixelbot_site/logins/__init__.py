"""Who comes in: the link at the start, and what slows guesses at passwords and tokens."""

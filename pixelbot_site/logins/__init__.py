"""Who comes in: roles of staff, the link at the start, and what slows guesses at passwords and tokens."""

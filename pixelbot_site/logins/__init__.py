"""Who comes in: roles of staff, invitations, the link at the start, and what slows guesses at passwords and tokens."""

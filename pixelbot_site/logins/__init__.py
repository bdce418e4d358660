"""Who comes in: roles of staff, invitations, what staff did, the link at the start, and what slows guesses."""

"""What the bot looks after by itself: its data folder, its database's files, and the pulse of its schedule."""

"""Backups: made and checked while the bot runs, kept for a week, restored while it is stopped. SQLite only."""

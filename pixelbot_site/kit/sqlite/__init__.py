"""A database backend: Django's own for SQLite, which also notices when its file is taken away while the bot runs."""

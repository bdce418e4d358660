"""What another bot kept, brought over: compared first, stored as an import, undone as a whole."""

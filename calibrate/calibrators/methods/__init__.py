"""Methods: one per file."""

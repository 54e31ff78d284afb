"""A result -> text or bytes."""

"""A question -> a result."""

"""Several files as one: from a pattern, a folder or a list to one column."""

"""What of a result is shown, in which order: a file for each, named as in its schema."""

"""From a name or an array to a checked dataset that is read block by block."""

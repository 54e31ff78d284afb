"""Where the interval of a figure comes from."""

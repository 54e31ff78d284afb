"""Simulated populations whose P(label | row) is known, and how often intervals hold their truth."""

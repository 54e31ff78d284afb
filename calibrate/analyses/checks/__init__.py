"""A report and what is asked of it -> verdicts."""

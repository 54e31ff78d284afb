"""Calibrators: fitted on a dataset, applied to blocks."""

"""Typed columns: Parquet, Arrow, Feather and saved datasets, by pyarrow."""

"""The definitions: a function per metric."""

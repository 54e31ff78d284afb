"""What was found: frozen plain data."""

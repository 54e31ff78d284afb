"""Decision thresholds of binary and multi-label models: goal -> choice -> file -> decisions."""

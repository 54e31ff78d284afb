"""What is in any files, and the command that takes them."""

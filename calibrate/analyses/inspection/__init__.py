"""What is in files, and what would be made of it."""

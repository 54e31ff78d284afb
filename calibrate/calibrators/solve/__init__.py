"""What methods share: the loss, and finding its optimum."""

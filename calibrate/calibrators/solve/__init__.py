"""What methods share: finding the optimum."""

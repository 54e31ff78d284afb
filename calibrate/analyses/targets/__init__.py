"""Training targets: smoothed labels, or a teacher's softened probabilities."""

"""Classes in the plane of their templates: models -> sums -> measure."""

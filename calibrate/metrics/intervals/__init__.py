"""Where the intervals of metrics come from: a file per way."""

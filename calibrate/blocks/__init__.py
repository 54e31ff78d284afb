"""One block of rows: what it holds, its arithmetic, what it adds up to; and the pass over all."""

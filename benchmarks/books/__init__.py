"""A load test of the books: many files, some of them broken, and workers killed at random."""

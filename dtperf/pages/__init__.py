"""Everything that is HTML: the report, and the cuts that can be moved."""

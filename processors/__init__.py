"""Coffea processors: the units that a user copies and changes."""

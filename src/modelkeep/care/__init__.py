"""Integrity: what is still as it was recorded, and what is out of order."""

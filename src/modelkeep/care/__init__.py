"""Integrity: verifying models, and the doctor."""

"""Scanning: what models are in a folder, and bringing the catalogue in step with the disk."""

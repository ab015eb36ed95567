"""Scanning folders for models, and syncing the catalogue with the disk."""

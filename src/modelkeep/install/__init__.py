"""Putting models in place so that a crash loses nothing."""

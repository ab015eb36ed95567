"""Readers of headers: one file for each container."""

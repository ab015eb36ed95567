"""Benchmarks: each is a ratio against a reference that runs beside it."""

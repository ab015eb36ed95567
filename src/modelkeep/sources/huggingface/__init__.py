"""Hugging Face: its sources, its API, and which files of a repository are fetched."""

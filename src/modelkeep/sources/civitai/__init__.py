"""Civitai: its sources, its API, and which file of a version is fetched."""

"""The catalogue: records, their files and their metadata."""

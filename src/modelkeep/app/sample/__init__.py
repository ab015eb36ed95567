"""Sample models: full names and shapes of real ones, in files that take next to no disk."""

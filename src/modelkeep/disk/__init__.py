"""The only part that changes the user's disk."""

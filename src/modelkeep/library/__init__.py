"""Where models are and which record owns each file."""

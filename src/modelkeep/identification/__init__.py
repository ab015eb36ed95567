"""What a model is, read from headers and configs alone."""

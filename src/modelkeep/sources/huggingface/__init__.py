"""Hugging Face: what people paste, what is asked, which files are taken."""

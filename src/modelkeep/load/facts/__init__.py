"""Configs of the parts of models that come in one file."""

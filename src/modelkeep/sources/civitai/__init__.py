"""Civitai: what people paste for its models."""

"""modelkeep: a model manager for image and video generation."""

__version__ = "0.1.0"

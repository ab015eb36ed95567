"""Files beside a model with information about it, one kind a module of ``kinds``."""

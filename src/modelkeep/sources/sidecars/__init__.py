"""Files beside a model that say something about it, one kind a module of ``kinds``."""

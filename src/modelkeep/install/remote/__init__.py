"""Installs from the network."""

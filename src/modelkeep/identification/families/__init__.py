"""Families: one file of rules for each."""

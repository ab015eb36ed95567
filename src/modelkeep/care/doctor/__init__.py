"""The doctor: what is out of order in a library, and what can be put in order."""

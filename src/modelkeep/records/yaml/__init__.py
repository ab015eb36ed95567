"""The catalogue in a YAML document that people read and edit."""

"""Folders of other programs, one file each: where their models are and what they know of them."""

"""The doctor: finds what is wrong in a library and repairs what it can."""

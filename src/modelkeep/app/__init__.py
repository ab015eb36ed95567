"""The questions and actions that the command line, the API and the pages share."""

"""The server: the HTTP API and, on top of it, the pages. FastAPI is used nowhere else."""

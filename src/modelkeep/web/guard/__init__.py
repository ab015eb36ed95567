"""What every request has to pass: one plain ASGI file for each check."""

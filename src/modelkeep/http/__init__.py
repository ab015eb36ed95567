"""HTTP requests: sessions, redirects, error responses, retries."""

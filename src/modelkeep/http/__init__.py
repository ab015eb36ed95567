"""How an address is asked: sessions, redirects, refusals, retries."""

"""What sites say about models that are here already, found by the hashes of their files."""

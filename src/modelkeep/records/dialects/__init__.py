"""What differs from database to database: connecting, errors, text search, backup."""

"""The vocabulary that every stage shares; imports nothing of modelkeep but its errors."""

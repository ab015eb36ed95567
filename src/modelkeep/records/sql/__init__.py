"""The catalogue in a SQL database: tables, statements and the service over them."""

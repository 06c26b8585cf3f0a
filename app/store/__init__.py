"""Everything the service keeps: one set of tables, on SQLite or PostgreSQL."""

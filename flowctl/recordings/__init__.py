"""Values as text: recordings, tables, times."""

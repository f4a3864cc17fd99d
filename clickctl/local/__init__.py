"""The backend of one machine: folders, worker processes, DuckDB."""

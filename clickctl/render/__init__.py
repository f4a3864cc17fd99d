"""Results to text: rich tables and JSON. Nothing here decides anything."""

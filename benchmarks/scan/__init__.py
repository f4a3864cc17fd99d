"""The scan of raw files for alerts: its speed, its memory, and how soon a cold Lambda can begin."""

"""The Lambda that raises alerts: `handler` decodes, calls and sends; `scan`, `lines` and `events` are pure."""

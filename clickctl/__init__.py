"""clickctl: run a clickstream lake from the terminal."""

__version__ = "0.1.0"

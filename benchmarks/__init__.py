"""Measurements against named peers, one command each."""

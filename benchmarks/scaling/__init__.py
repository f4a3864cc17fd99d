"""What a larger lake takes: see __main__."""

"""A stand-in for Amazon Redshift, for tests: never Redshift."""

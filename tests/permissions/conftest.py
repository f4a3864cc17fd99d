"""The stand-in for Redshift, which load-hot is run against."""

from tests.redshift.fixtures import redshift_server, standin

__all__ = ["redshift_server", "standin"]

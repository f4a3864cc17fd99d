"""Imported once by the server the workers are forked from, so that no worker has to."""

import pyarrow as pa

import clickctl.local.engine  # noqa: F401

pa.array([None])  # the first array made from a list imports pandas, where it is installed

"""Config to Backend: the only importer of `local/` and `aws/`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clickctl.config import Config
from clickctl.domain.errors import ConfigError
from clickctl.ports import Engine, Lake, Query
from clickctl.publish import Publisher
from clickctl.settings import LakeRoots


@dataclass(frozen=True)
class Backend:
    """The ports a command may use. `engine` makes the named one, or raises ConfigError if it is not installed."""

    publisher: Publisher
    query: Query
    engine: Callable[[str], Engine]


def lake_for(roots: LakeRoots) -> Lake:
    """S3 if the roots are s3:// prefixes, else folders; a mixture is refused."""
    schemes = {value.startswith("s3://") for value in (roots.raw, roots.processed, roots.quarantine)}
    if schemes == {True, False}:
        raise ConfigError("[lake] mixes s3:// and folders.", hint="Use the one or the other for every root.")
    if schemes == {True}:
        _require("boto3", extra="aws")
        from clickctl.aws.lake import S3Lake

        return S3Lake()
    from clickctl.local.lake import FolderLake

    return FolderLake()


def publisher_for(roots: LakeRoots) -> Publisher:
    from clickctl.local.liveness import ProcessLiveness

    return Publisher(lake_for(roots), roots, ProcessLiveness())


def backend_for(config: Config, *, units_at_once: int = 1) -> Backend:
    """The ports of the configured backend."""
    if config.backend != "local":
        raise ConfigError(
            f'backend = "{config.backend}" is not one this version has.', hint='Set backend = "local" in the config.'
        )
    from clickctl.local.query import DuckQuery

    publisher = publisher_for(config.lake)

    def engine(name: str) -> Engine:
        return _engine(name, config, publisher, units_at_once)

    return Backend(publisher, DuckQuery(publisher.lake, config.lake), engine)


def _engine(name: str, config: Config, publisher: Publisher, units_at_once: int) -> Engine:
    """One of config.ENGINES."""
    if name == "spark":
        _require("pyspark", "pyarrow", "msgspec", "zlib_ng", extra="spark")
        from clickctl.local.spark import SparkEngine

        return SparkEngine(publisher, config.job.target_file_mb)
    _require("pyarrow", "msgspec", "zlib_ng", extra="local")
    from clickctl.local.engine import LocalEngine

    return LocalEngine(publisher, config.job.workers, config.job.spill_dir, units_at_once=units_at_once)


def _require(*modules: str, extra: str) -> None:
    from importlib.util import find_spec

    if missing := [module for module in modules if find_spec(module) is None]:
        raise ConfigError(f"Not installed: {', '.join(missing)}.", hint=f"pip install 'clickctl[{extra}]'")

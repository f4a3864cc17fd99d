from __future__ import annotations

import sys
from typing import Any


class GlueContext:
    """Says that it was made: on Glue that is what switches the run's metrics on."""

    def __init__(self, spark: Any) -> None:
        print(f"GlueContext of {spark.appName}", file=sys.stderr)

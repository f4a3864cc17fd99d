"""What the Lambda says: a line of JSON for each thing done, and metrics in lines of the embedded metric format.

Keys are stable; values are counts, names and reasons, never what a raw line holds.
Metrics (CloudWatch User Guide, "Embedded metric format"): one namespace, one dimension.
"""

from __future__ import annotations

import json
import os
import time

NAMESPACE = "clickctl"
_UNITS = {"Bytes": "Bytes", "Milliseconds": "Milliseconds"}


def say(event: str, **fields: object) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


def metrics(**values: int) -> None:
    wanted = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in values]
    about = {"Namespace": NAMESPACE, "Dimensions": [["FunctionName"]], "Metrics": wanted}
    dimension = {"FunctionName": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")}
    line = {"_aws": {"Timestamp": time.time_ns() // 10**6, "CloudWatchMetrics": [about]}, **dimension, **values}
    print(json.dumps(line), flush=True)

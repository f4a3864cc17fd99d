"""GetPartitions as Glue answers it. moto gives every partition at once and knows neither pages nor segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zlib import crc32

from tests.aws.harness.moto import Moto
from tests.aws.harness.requests import Request

_PAGE = 1000  # the most GetPartitions gives (botocore's model, PageSize)
_OURS = ("Segment", "NextToken", "MaxResults", "ExcludeColumnSchema")


@dataclass
class Partitions:
    """moto's partitions in pages. `page_size` may be made smaller: Glue need not fill a page."""

    moto: Moto
    page_size: int = _PAGE

    def get(self, request: Request) -> dict[str, Any]:
        wanted = {name: value for name, value in request.json.items() if name not in _OURS}
        segment, start = request.json.get("Segment"), int(request.json.get("NextToken") or 0)
        found = self.moto.call("glue", "GetPartitions", request.region, **wanted)["Partitions"]
        mine = [one for one in found if segment is None or _segment_of(one, segment) == segment["SegmentNumber"]]
        end = start + min(request.json.get("MaxResults") or _PAGE, self.page_size)
        if request.json.get("ExcludeColumnSchema"):
            for one in mine:
                one.get("StorageDescriptor", {}).pop("Columns", None)
        return {"Partitions": mine[start:end], **({"NextToken": str(end)} if end < len(mine) else {})}


def _segment_of(partition: dict[str, Any], segment: dict[str, int]) -> int:
    return crc32("/".join(partition["Values"]).encode()) % segment["TotalSegments"]

"""An account of AWS, as the tests imitate it, to run blocks against."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clickctl.domain.hours import unit_from_name
from clickctl.domain.rules import QualityRules
from clickctl.execute import UnitRunner
from clickctl.local.engine import LocalEngine
from clickctl.roots import AwsSettings
from clickctl.wiring import publisher_for
from tests.aws.harness.account import Aws
from tests.aws.sound import Sound
from tests.backends.hot import redshift_settings
from tests.conftest import Shell, event
from tests.runbook.page import Entry
from tests.runbook.places import DAY, Place

if TYPE_CHECKING:
    from tests.redshift.server import Standin

TODAY = datetime.now(UTC).date()
YESTERDAY = str(TODAY - timedelta(days=1))


@dataclass
class Cloud(Place):
    """An account in which all is as it should be, and a lake in S3. `configure` adds to the configuration."""

    aws: Aws = field(kw_only=True)
    sound: Sound = field(kw_only=True)
    sections: dict[str, Any] = field(default_factory=dict)
    standin: Standin | None = None

    def __init__(self, entry: Entry, path: str, aws: Aws, folder: Path) -> None:
        folder.mkdir()
        self.aws, self.sound = aws, Sound(aws)
        self.sections = self.sound.sections
        super().__init__(entry, Shell(folder, aws.config_file(folder, **self.sections)), path)
        self.words = {f"company-{use}": bucket for use, bucket in self.buckets.items()}

    @property
    def buckets(self) -> dict[str, str]:
        return {use: getattr(self.aws.lake, use).split("/")[2] for use in ("raw", "processed", "alerts")}

    @property
    def ledger(self) -> str:
        return f"{self.aws.lake.processed}/_ledger/2026/01/05.json"

    def configure(self, **sections: Any) -> None:
        self.sections |= sections
        self.aws.config_file(self.folder, **self.sections)

    def with_warehouse(self, standin: Standin) -> Cloud:
        self.standin = standin
        self.words |= {DAY[0]: YESTERDAY, DAY[1]: str(TODAY), "2026-01-07": str(TODAY + timedelta(days=1))}
        self.configure(redshift=redshift_settings(standin))
        return self

    def put(self, hour: str, *users: Any, run: bool = False, name: str = "part-0.json.gz", **fields: Any) -> str:
        """A raw file with an event of each user, run at once if wanted."""
        given = {"time": f"{hour}:00:00Z", **fields}
        location = self.aws.put_raw(hour, [event(user=user, **given) for user in users], name)
        if run:
            self.run_here(hour)
        return location

    def run_here(self, unit: str) -> None:
        """In this process, without Glue."""
        publisher = publisher_for(self.aws.lake, AwsSettings())
        runner = UnitRunner(publisher, QualityRules(), 128 << 20)
        runner.run(unit_from_name(unit), LocalEngine(publisher, 1, str(self.folder)))

    def versioned(self, use: str) -> None:
        self.aws.boto("s3").put_bucket_versioning(
            Bucket=self.buckets[use], VersioningConfiguration={"Status": "Enabled"}
        )

    def empty(self, root: str) -> None:
        for place in self.aws.list(root):
            bucket, key = place.removeprefix("s3://").split("/", 1)
            self.aws.boto("s3").delete_object(Bucket=bucket, Key=key)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        assert self.standin
        return self.standin.query(sql)

"""terraform/ applied to a ministack that enforces IAM, and everybody who may do something in its account."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from clickctl.domain.receipts import receipt_key
from tests.conftest import REPO, Shell
from tests.e2e.callers import Caller
from tests.e2e.gaps import adopted_queues, permit_batches, policy, trust_root
from tests.e2e.ministack import REGION, Ministack, eventually
from tests.terraform.harness import Terraform

NAME = "clickstream"
PEOPLE = ("producer", "operator", "loader", "analyst")
SERVICES = ("alerts", "glue-job", "scheduler", "crawler")
"""Roles that AWS's services assume. Redshift's is not among them: ministack has no Redshift."""


class Deployed:
    """Applied when made. Root has subscribed a queue of its own to the purchases."""

    def __init__(self, server: Ministack, folder: Path, dist: Path) -> None:
        self.server, self.root = server, Caller(server)
        self.web = self._web_server()
        override = (REPO / "tests/e2e/ministack_override.tf").read_text("utf-8")
        self._terraform = Terraform(folder, server.environment, override)
        (self._terraform.folder / "adopted.tf").write_text(adopted_queues(self.root, NAME), "utf-8")
        self._dist, self._trigger = dist, ""
        self._roles: dict[str, Caller] = {}
        self.triggered_by("s3")
        for role in ("alerts", "operator"):
            permit_batches(self.root, f"{NAME}-{role}", role)
        printed = self._terraform.run("output", "-json")
        self.outputs = {name: output["value"] for name, output in json.loads(printed).items()}
        self._shell = self._configured(folder, printed)
        self._inbox = self._subscribed()

    def triggered_by(self, how: str) -> None:
        """Apply with this trigger, where it is another one than now."""
        if how != self._trigger:
            user = self.web("sts").get_caller_identity()["Arn"]
            self._terraform.apply(
                "-refresh=false", region=REGION, dist=str(self._dist), trigger=how, crawler=True,
                principals={"producers": [user]},
            )  # fmt: skip
        self._trigger = how

    def bucket(self, use: str) -> str:
        return str(self.outputs["buckets"][use])

    def role(self, name: str) -> Caller:
        """A session of the role: the web server's of the producer's, root's of the others."""
        if name not in self._roles:
            arn = self.root("iam").get_role(RoleName=f"{NAME}-{name}")["Role"]["Arn"]
            if name in SERVICES:
                trust_root(self.root, f"{NAME}-{name}")
            self._roles[name] = (self.web if name == "producer" else self.root).assuming(arn)
        return self._roles[name]

    def put(self, name: str, text: bytes) -> str:
        """Deliver a raw file as web servers do: the key of its receipt."""
        body = gzip.compress(text, mtime=0)
        put = self.role("producer")("s3").put_object(Bucket=self.bucket("raw"), Key=f"{NAME}/{name}", Body=body)
        return receipt_key(name, put["ETag"].strip('"'))

    def receipt(self, key: str) -> list[dict[str, Any]]:
        """Its lines, once it is there."""
        place = {"Bucket": self.bucket("alerts"), "Key": f"{NAME}/{key}"}

        def look() -> bytes:
            with suppress(self.root("s3").exceptions.NoSuchKey):
                return bytes(self.root("s3").get_object(**place)["Body"].read())
            return b""

        return [json.loads(line) for line in eventually(look, f"a receipt {key}").splitlines()]

    def alerted(self, *users: str) -> list[str]:
        """Those of the users whose purchases came to the inbox, each time, until for a second nothing more does."""
        asked = {"QueueUrl": self._inbox, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}
        came: list[str] = []
        while got := self.root("sqs").receive_message(**asked).get("Messages"):
            came += [json.loads(one["Body"])["user_id"] for one in got]
            for one in got:
                self.root("sqs").delete_message(QueueUrl=self._inbox, ReceiptHandle=one["ReceiptHandle"])
        return sorted(user for user in came if user in users)

    def waiting(self, queue: str) -> int:
        """Messages in one of the lake's queues, hidden ones too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self.root("sqs").get_queue_attributes(QueueUrl=self.queue(queue), AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names)

    def clickctl(self, role: str, *words: str) -> Any:
        """The report of a command that assumes the role, and has to end well."""
        env = {**self.server.environment, "CLICKCTL_AWS_ROLE_ARN": self.outputs["roles"][role]}
        return self._shell("--output", "json", *words, env=env).json

    def deliver(self, event: Any) -> None:
        """Hand the function an event about an object of the raw bucket, with Lambda's retries."""
        event["detail"]["bucket"]["name"] = self.bucket("raw")
        self.root("lambda").invoke(FunctionName=f"{NAME}-alerts", InvocationType="Event", Payload=json.dumps(event))

    @contextmanager
    def silent(self) -> Iterator[None]:
        """For a while the bus tells the function nothing."""
        self.root("events").disable_rule(Name=f"{NAME}-raw-files")
        try:
            yield
        finally:
            self.root("events").enable_rule(Name=f"{NAME}-raw-files")

    @contextmanager
    def without(self, role: str, sid: str) -> Iterator[None]:
        """For a while the role has its policy without one of the statements."""
        named = {"RoleName": f"{NAME}-{role}", "PolicyName": role}
        whole = self.root("iam").get_role_policy(**named)["PolicyDocument"]["Statement"]
        less = [statement for statement in whole if statement["Sid"] != sid]
        assert len(less) < len(whole)
        self.root("iam").put_role_policy(**named, PolicyDocument=policy(*less))
        try:
            yield
        finally:
            self.root("iam").put_role_policy(**named, PolicyDocument=policy(*whole))

    def register(self, *values: str) -> None:
        """A day's partitions, by hand."""
        for table in self.root("glue").get_tables(DatabaseName=NAME)["TableList"]:
            self.root("glue").create_partition(
                DatabaseName=NAME, TableName=table["Name"],
                PartitionInput={"Values": values, "StorageDescriptor": table["StorageDescriptor"]},
            )  # fmt: skip

    def drop(self, *values: str) -> None:
        """A day's partitions."""
        for table in self.root("glue").get_tables(DatabaseName=NAME)["TableList"]:
            self.root("glue").delete_partition(DatabaseName=NAME, TableName=table["Name"], PartitionValues=values)

    def matched(self, event: Any) -> bool:
        """Whether the rule of raw files is about the event."""
        pattern = self.root("events").describe_rule(Name=f"{NAME}-raw-files")["EventPattern"]
        return bool(self.root("events").test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"])

    def tell(self, event: Any) -> None:
        """Put an event of AWS on the bus, from another source: a rule like the module's has its target for it."""
        events, rule = self.root("events"), f"{NAME}-raw-files"
        pattern = json.loads(events.describe_rule(Name=rule)["EventPattern"])
        events.put_rule(Name="told", EventPattern=json.dumps({**pattern, "source": ["told"]}))
        events.put_targets(Rule="told", Targets=events.list_targets_by_rule(Rule=rule)["Targets"])
        entry = {"Source": "told", "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"])}
        assert not events.put_events(Entries=[entry])["FailedEntryCount"]

    def queue(self, name: str) -> str:
        """The address of one of the lake's queues."""
        return str(self.root("sqs").get_queue_url(QueueName=f"{NAME}-{name}")["QueueUrl"])

    @property
    def topic(self) -> str:
        return str(self.outputs["clickctl"]["alerts"]["topic"])

    def _web_server(self) -> Caller:
        """A user who may ask for any role; whether they get it is the roles' say."""
        iam, name = self.root("iam"), "web-server"
        iam.create_user(UserName=name)
        asks = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
        iam.put_user_policy(UserName=name, PolicyName="asks", PolicyDocument=policy(asks))
        return Caller(self.server, iam.create_access_key(UserName=name)["AccessKey"])

    def _configured(self, folder: Path, outputs: str) -> Shell:
        """clickctl with the configuration that it writes itself from Terraform's outputs."""
        (folder / "outputs.json").write_text(outputs, "utf-8")
        shell = Shell(folder, folder / "clickctl.toml")
        shell("--config", "clickctl.toml", "init", "--from-terraform", "outputs.json")
        return shell

    def _subscribed(self) -> str:
        """A queue that the topic of purchases fills: its address."""
        sqs = self.root("sqs")
        url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        fills = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                 "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": self.topic}}}  # fmt: skip
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(fills)})
        bare = {"RawMessageDelivery": "true"}
        self.root("sns").subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn, Attributes=bare)
        return str(url)

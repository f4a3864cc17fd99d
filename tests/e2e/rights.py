"""What may be done in the lake, by which roles, and a call that does it: of those that ministack judges as AWS does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from tests.e2e.callers import Caller
from tests.e2e.deployed import NAME, Deployed

# A bucket and a key of each kind.
RAW = ("raw", f"{NAME}/2020/01/01/00/scratch.json")
FACTS = ("processed", f"{NAME}/fact_clicks/year=2020/month=01/day=01/part-2020010100-0000.parquet")
LEDGER = ("processed", f"{NAME}/_ledger/2020/01/01.json")
MANIFEST = ("processed", f"{NAME}/_loads/scratch.json")
QUARANTINE = ("processed", "quarantine/2020/01/01/part-2020010100-0000.json.gz")
RECEIPT = ("alerts", f"{NAME}/2020/01/01/00/scratch.json")
RESULT = ("processed", "athena-results/scratch.csv")
CODE = ("processed", "artifacts/scratch.zip")
AUDIT = ("trail", "AWSLogs/000000000000/scratch.json.gz")
Call = Callable[[Deployed, Caller], object]


class Right(NamedTuple):
    """What it is, who has it, and how it is used."""

    what: str
    who: str
    use: Call

    def __str__(self) -> str:
        roles = self.who.split()
        listed = " and ".join([", ".join(roles[:-1]), roles[-1]] if len(roles) > 1 else roles)
        return f"only {listed} may {self.what}" if roles else f"nobody may {self.what}"


def _put(place: tuple[str, str]) -> Call:
    return lambda lake, by: by("s3").put_object(Bucket=lake.bucket(place[0]), Key=place[1], Body=b"scratch")


def _get(place: tuple[str, str]) -> Call:
    return lambda lake, by: by("s3").get_object(Bucket=lake.bucket(place[0]), Key=place[1])


def _delete(place: tuple[str, str]) -> Call:
    return lambda lake, by: by("s3").delete_object(Bucket=lake.bucket(place[0]), Key=place[1])


def _list(place: tuple[str, str]) -> Call:
    prefix = f"{place[1].rpartition('/')[0]}/"
    return lambda lake, by: by("s3").list_objects_v2(Bucket=lake.bucket(place[0]), Prefix=prefix)


def _glue(action: str, **words: object) -> Call:
    return lambda lake, by: getattr(by("glue"), action)(**words)


def _policy_of_the_bucket(lake: Deployed, by: Caller) -> object:
    policy = lake.root("s3").get_bucket_policy(Bucket=lake.bucket("raw"))["Policy"]
    return by("s3").put_bucket_policy(Bucket=lake.bucket("raw"), Policy=policy)


def _policy_of_a_role(lake: Deployed, by: Caller) -> object:
    """Of one that does not exist: root learns that, the others may not even ask."""
    return by("iam").put_role_policy(RoleName="scratch", PolicyName="more", PolicyDocument="{}")


def _query(workgroup: str) -> Call:
    return lambda lake, by: by("athena").start_query_execution(QueryString="SELECT 1", WorkGroup=workgroup)


def _invoke(lake: Deployed, by: Caller) -> object:
    return by("lambda").invoke(FunctionName=f"{NAME}-alerts", InvocationType="DryRun")


def _deploy(lake: Deployed, by: Caller) -> object:
    return by("lambda").update_function_code(FunctionName=f"{NAME}-alerts", ZipFile=b"scratch", DryRun=True)


def _publish(lake: Deployed, by: Caller) -> object:
    return by("sns").publish(TopicArn=lake.topic, Message=json.dumps({"user_id": "scratch"}))


def _subscribe(lake: Deployed, by: Caller) -> object:
    return by("sns").subscribe(TopicArn=lake.topic, Protocol="email", Endpoint="somebody@example.com")


def _receive(lake: Deployed, by: Caller) -> object:
    return by("sqs").receive_message(QueueUrl=lake.queue("alerts-dead-letters"), VisibilityTimeout=0)


def _send(queue: str) -> Call:
    """An empty body, which SQS refuses to those it would serve."""
    return lambda lake, by: by("sqs").send_message(QueueUrl=lake.queue(queue), MessageBody="")


def _use_the_key(lake: Deployed, by: Caller) -> object:
    return by("kms").generate_data_key(KeyId=lake.outputs["key"], KeySpec="AES_256")


def _assume(role: str) -> Call:
    return lambda lake, by: by.assuming(lake.outputs["roles"][role])


_TABLE = {"DatabaseName": NAME, "TableName": "fact_clicks"}
RIGHTS = (
    Right("put a raw file", "producer", _put(RAW)),
    Right("read a raw file", "operator alerts glue-job crawler", _get(RAW)),
    Right("list raw files", "operator loader alerts glue-job crawler", _list(RAW)),
    Right("delete a raw file", "", _delete(RAW)),
    Right("write a file of a table", "operator glue-job", _put(FACTS)),
    Right("read a file of a table", "operator loader analyst glue-job", _get(FACTS)),
    Right("list the files of a table", "operator loader analyst glue-job", _list(FACTS)),
    Right("delete a file of a table", "operator glue-job", _delete(FACTS)),
    Right("read a ledger", "operator loader glue-job", _get(LEDGER)),
    Right("write a ledger", "operator glue-job", _put(LEDGER)),
    Right("write the manifest of a load", "operator loader glue-job", _put(MANIFEST)),
    Right("read quarantine", "operator", _get(QUARANTINE)),
    Right("list quarantine", "operator", _list(QUARANTINE)),
    Right("write quarantine", "operator glue-job", _put(QUARANTINE)),
    Right("read a receipt", "operator alerts", _get(RECEIPT)),
    Right("write a receipt", "operator alerts", _put(RECEIPT)),
    Right("read the result of a query", "operator analyst", _get(RESULT)),
    Right("read the job's code", "operator glue-job", _get(CODE)),
    Right("change the job's code", "", _put(CODE)),
    Right("read the audit", "", _get(AUDIT)),
    Right("write the audit", "", _put(AUDIT)),
    Right("change a bucket's policy", "", _policy_of_the_bucket),
    Right("change a role's policy", "", _policy_of_a_role),
    Right("run the job", "operator scheduler", _glue("start_job_run", JobName=NAME)),
    Right("stop a run", "operator", _glue("batch_stop_job_run", JobName=NAME, JobRunIds=["jr_0"])),
    Right("see a run", "operator loader glue-job", _glue("get_job_run", JobName=NAME, RunId="jr_0")),
    Right("see partitions", "operator loader", _glue("get_partitions", **_TABLE)),
    Right("register a partition", "operator loader", _glue("batch_create_partition", **_TABLE, PartitionInputList=[])),
    Right("drop a table", "", _glue("delete_table", DatabaseName=NAME, Name="scratch")),
    Right("query in the lake's workgroup", "operator analyst", _query(NAME)),
    Right("query outside of it", "", _query("primary")),
    Right("invoke the function", "operator", _invoke),
    Right("change the function", "", _deploy),
    Right("publish a purchase", "operator alerts", _publish),
    Right("subscribe to purchases", "", _subscribe),
    Right("receive dead letters", "operator", _receive),
    Right("leave a dead letter", "alerts", _send("alerts-dead-letters")),
    Right("keep a run that was not started", "scheduler", _send("schedules-not-started")),
    Right("use the key but by way of S3 and SNS", "", _use_the_key),
    Right("become operator", "", _assume("operator")),
)

"""What can be wrong with AWS, and what people are to be told of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.aws.harness.account import Aws
from tests.aws.harness.faults import Fault
from tests.aws.harness.replies import AwsError, Reply, xml_reply
from tests.aws.harness.requests import Request
from tests.aws.harness.runners import ScriptedRunner

DAY, HOUR = "2026-01-05", "2026-01-05T13"
COMMANDS = {
    "status": ("status", DAY, "2026-01-06"),
    "run-partition": ("run-partition", HOUR),
    "run-here": ("run-partition", HOUR, "--engine", "local"),
    "backfill": ("backfill", HOUR, "2026-01-05T16"),
    "register-partitions": ("register-partitions",),
}
LAKE = "status run-partition backfill register-partitions"
"""Whatever asks S3 first."""

SECRETS = {
    "AWS_ACCESS_KEY_ID": "ASIAQWERTYUIOPASDFGH",
    "AWS_SECRET_ACCESS_KEY": "s3cr3t/Kq8Wm2Zr7Tn4Vb9Xc1Lp6Hd5Jf0Gs",
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEXAMPLETOKENqwertyuiopasdfgh==",
}
SIGNATURE = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"
ROLE = "arn:aws:iam::123456789012:role/oncall"
NOWHERE = "http://127.0.0.1:9"

Arrange = Callable[[Aws], object]


def nothing(aws: Aws) -> None:
    """All is well."""


@dataclass(frozen=True)
class Case:
    """What is wrong; the commands that meet it; what they say: exit code, message, hint, what was changed."""

    what: str
    commands: str
    code: int
    says: str
    hint: str
    arrange: Arrange = nothing
    changed: str = "Nothing was changed."
    env: dict[str, str] = field(default_factory=dict)
    sections: dict[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


def fault(operation: str, code: str, message: str, status: int = 403, match: str = "") -> Arrange:
    return lambda aws: aws.faults.add(Fault(operation, "error", None, 1, match, code, message, status))


def denied(operation: str) -> Arrange:
    """As JSON services say it."""
    message = f"User: arn:aws:sts::123456789012:assumed-role/oncall/jo is not authorized to perform: {operation}"
    return fault(operation, "AccessDeniedException", message, 400)


def kms(operation: str, action: str) -> Arrange:
    who = "User: arn:aws:sts::123456789012:assumed-role/oncall/jo is not authorized to perform"
    key = "arn:aws:kms:us-east-1:123456789012:key/0 because no identity-based policy allows it"
    return fault(operation, "AccessDenied", f"{who}: {action} on resource: {key}")


def all_of(*arranges: Arrange) -> Arrange:
    return lambda aws: [arrange(aws) for arrange in arranges]


def answering(operation: str, answer: Callable[[Request], Reply]) -> Arrange:
    return lambda aws: aws.handlers.update({operation: answer})


def runs_end(*states: str) -> Arrange:
    return lambda aws: setattr(aws.glue, "runner", ScriptedRunner(states))


def elsewhere(request: Request) -> Reply:
    """The answer of a region to a request for a bucket of another one; to HEAD without a body."""
    text = "The bucket you are attempting to access must be addressed using the specified endpoint."
    inner = f"<Code>PermanentRedirect</Code><Message>{text}</Message><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint>"
    found = xml_reply(f"<Error>{inner}<Bucket>b</Bucket></Error>", 301)
    body = b"" if request.environ["REQUEST_METHOD"] == "HEAD" else found.body
    return Reply(301, [*found.headers, ("x-amz-bucket-region", "eu-west-1")], body)


def malformed(request: Request) -> Reply:
    text = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'"
    inner = f"<Code>AuthorizationHeaderMalformed</Code><Message>{text}</Message><Region>eu-west-1</Region>"
    return xml_reply(f"<Error>{inner}</Error>", 400)


def page(request: Request) -> Reply:
    """What a proxy that wants a login answers."""
    body = b"<!doctype html><html>\n" + b"<p>Please log in.</p>\n" * 999
    return Reply(200, [("Content-Type", "text/html"), ("Content-Length", str(len(body)))], body)


def unwatched(aws: Aws) -> None:
    """Runs can be started, and then not be looked at."""
    usual = aws.server.emulated["glue.GetJobRuns"]

    def answer(request: Request) -> Any:
        if aws.glue.runs:
            raise AwsError("AccessDeniedException", "not authorized to perform: glue:GetJobRuns")
        return usual(request)

    aws.glue.runner = ScriptedRunner("RUNNING")
    aws.handlers["glue.GetJobRuns"] = answer


CANONICAL = (
    "The request signature we calculated does not match the signature you provided. The Canonical String for this "
    "request should have been\n'POST\n/\n\nhost:glue\nx-amz-security-token:"
    f"{SECRETS['AWS_SESSION_TOKEN']}\n\nAuthorization: AWS4-HMAC-SHA256 Credential={SECRETS['AWS_ACCESS_KEY_ID']}/x, "
    f"Signature={SIGNATURE}' signed with {SECRETS['AWS_SECRET_ACCESS_KEY']}"
)
REFUSED = "AWS refused the credentials: "
AGAIN = "Log in again (aws sso login, or new keys), then run the same command."
ONCE = {"AWS_MAX_ATTEMPTS": "1"}
TWICE = {"AWS_MAX_ATTEMPTS": "2"}
CLOCK = "This machine's clock is wrong"
POLICY = "Check the role's policy and the resource's own (bucket, key): 'clickctl doctor' tells which is missing."
NETWORK = "Check the network, the region and the endpoint, then run the same command again."
NAME = "Check its name in the configuration, the account and the region: 'clickctl doctor' looks at each."
TORN = "The unit is as before, or torn until it is run again."
BOTH = "run-partition register-partitions"
"""Whatever asks Glue."""

CREDENTIALS = [
    Case("a key S3 does not know", LAKE, 3, f"{REFUSED}InvalidAccessKeyId", AGAIN,
         fault("s3.*", "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")),
    Case("a key Glue does not know", BOTH, 3, f"{REFUSED}UnrecognizedClientException", AGAIN,
         fault("glue.*", "UnrecognizedClientException", "The security token in the request is invalid.", 400)),
    Case("a secret key that does not fit", "status", 3, f"{REFUSED}SignatureDoesNotMatch", AGAIN,
         fault("s3.*", "SignatureDoesNotMatch", CANONICAL)),
    Case("a secret key that does not fit Glue", BOTH, 3, f"{REFUSED}InvalidSignatureException", AGAIN,
         fault("glue.*", "InvalidSignatureException", CANONICAL, 400)),
    Case("no credentials", LAKE, 3, "Unable to locate credentials.", "Set AWS_PROFILE or --profile, or log in",
         env=dict.fromkeys(SECRETS, "")),
    Case("half credentials", "status register-partitions", 3, "missing: AWS_SECRET_ACCESS_KEY", "log in again",
         env={"AWS_SECRET_ACCESS_KEY": ""}),
    Case("an expired token", LAKE, 3, f"{REFUSED}ExpiredToken: The provided token has expired.", AGAIN,
         fault("s3.*", "ExpiredToken", "The provided token has expired.", 400)),
    Case("a token that is expired to Glue", BOTH, 3, f"{REFUSED}ExpiredTokenException", AGAIN,
         fault("glue.*", "ExpiredTokenException", "The security token included in the request is expired", 400)),
    Case("a profile that is not there", "status backfill", 3, "The config profile (nobody) could not be found.",
         "Check --profile", flags=("--profile", "nobody")),
    Case("a role that cannot be assumed", BOTH, 3, "the role cannot be assumed: AccessDenied", "Check [aws] role_arn",
         fault("sts.AssumeRole", "AccessDenied", f"not authorized to perform: sts:AssumeRole on resource: {ROLE}"),
         sections={"aws": {"role_arn": ROLE}}),
    Case("a clock that is wrong", "status run-partition", 3, "RequestTimeTooSkewed", CLOCK,
         fault("s3.*", "RequestTimeTooSkewed", "The difference between the request time and the current time is too "
               "large.")),
    Case("a clock that is wrong to Glue", BOTH, 3, "Signature expired", CLOCK,
         fault("glue.*", "InvalidSignatureException", "Signature expired: 20260105T1300Z is now earlier than "
               "20260105T1325Z", 400)),
    Case("a number of attempts that is none", "status", 3, "'many'", "AWS_MAX_ATTEMPTS",
         env={"AWS_MAX_ATTEMPTS": "many"}),
    Case("a bucket of another region", LAKE, 3, "(it is in eu-west-1): PermanentRedirect", "Set --region eu-west-1",
         all_of(answering("s3.ListObjectsV2", elsewhere), answering("s3.GetObject", elsewhere))),
    Case("a bucket of another region, by its signature", "status", 3, "(it is in eu-west-1): AuthorizationHeaderMalf",
         "Set --region eu-west-1", answering("s3.ListObjectsV2", malformed)),
    Case("a bucket of another region, without a body", "run-here", 3, "(it is in eu-west-1): 301",
         "Set --region eu-west-1", answering("s3.HeadObject", elsewhere), TORN),
]  # fmt: skip

STORAGE = [
    Case("no bucket of raw files", "status run-partition backfill", 5, "s3://no-such-raw/x/2026/01/05/", NAME,
         sections={"lake": {"raw": "s3://no-such-raw/x"}}),
    Case("no bucket of tables", LAKE, 5, "s3://no-such-processed/x/_ledger/", NAME,
         sections={"lake": {"processed": "s3://no-such-processed/x"}}),
    Case("a key that may not be read with", "status backfill", 5, "perform: kms:Decrypt on", "needs kms:Decrypt",
         kms("s3.GetObject", "kms:Decrypt")),
    Case("a key that may not be written with", "run-here", 5, "kms:GenerateDataKey on", "kms:GenerateData",
         kms("s3.PutObject", "kms:GenerateDataKey"), TORN),
    Case("a key that is disabled", "status", 5, "KMS.DisabledException", "check that [aws] kms_key is there, enabled",
         fault("s3.GetObject", "KMS.DisabledException", "arn:aws:kms:us-east-1:123456789012:key/0 is disabled.", 400)),
    Case("a bucket that may not be listed", LAKE, 5, "/clickstream/", POLICY,
         fault("s3.ListObjectsV2", "AccessDenied", "Access Denied")),
    Case("a bucket that may not be read", LAKE, 5, "_ledger/2026/01/05.json: AccessDenied: Access Denied.", POLICY,
         fault("s3.GetObject", "AccessDenied", "Access Denied")),
    Case("a bucket that may not be read, without a body", "run-here", 5, "part-0.json.gz: 403: Forbidden.",
         POLICY, fault("s3.HeadObject", "AccessDenied", ""), TORN),
    Case("an answer without a reason", "run-here", 5, "part-0.json.gz: 400: Bad Request.",
         "most often the credentials have expired", fault("s3.HeadObject", "ExpiredToken", "", 400), TORN),
    Case("a bucket that may not be written", "run-here", 5, "AccessDenied: Access Denied.", POLICY,
         fault("s3.PutObject", "AccessDenied", "Access Denied"), TORN),
    Case("nobody at the endpoint", LAKE, 5, f'Could not connect to the endpoint URL: "{NOWHERE}/', NETWORK,
         env={**TWICE, "AWS_ENDPOINT_URL": NOWHERE}),
    Case("no answer in time", "status run-partition", 5, "Read timeout on endpoint URL", NETWORK,
         lambda aws: aws.faults.add(Fault("s3.*", "hang")), env=ONCE, sections={"aws": {"read_timeout": 1}}),
    Case("connections that break", "status", 5, "Connection was closed before we received a valid response", NETWORK,
         lambda aws: aws.faults.add(Fault("s3.*", "drop")), env=TWICE),
    Case("throttling without end", "backfill register-partitions", 5, "SlowDown: Please reduce your request rate.",
         "AWS is throttling", lambda aws: aws.faults.add(Fault("s3.*", "throttle")), env=TWICE),
    Case("a web page for an answer", "status", 5, "500: Internal Server Error.", "Run the same command again",
         answering("s3.ListObjectsV2", page), env=ONCE),
]  # fmt: skip

GLUE = [
    Case("no job", "run-partition", 5, "Glue job clickstream: EntityNotFoundException", NAME,
         lambda aws: aws.boto("glue").delete_job(JobName="clickstream")),
    Case("a job that may not be started", "run-partition", 5, "perform: glue.StartJobRun", POLICY,
         denied("glue.StartJobRun")),
    Case("runs that may not be listed", "run-partition", 5, "perform: glue.GetJobRuns", POLICY,
         denied("glue.GetJobRuns")),
    Case("a run that may not be looked at", "run-partition", 5, "perform: glue:GetJobRuns", POLICY, unwatched,
         "may go on; the same command joins it."),
    Case("runs whose list is throttled without end", "run-partition", 5, "ThrottlingException: Rate exceeded",
         "AWS is throttling", lambda aws: aws.faults.add(Fault("glue.GetJobRuns", "throttle")), env=ONCE),
    Case("no database", "register-partitions", 3, "database clickstream: missing; table fact_clicks: missing",
         "clickctl register-partitions --create-tables"),
    Case("no table", "register-partitions", 3, "table fact_clicks: missing; table dim_users: missing",
         "clickctl register-partitions --create-tables",
         lambda aws: aws.boto("glue").create_database(DatabaseInput={"Name": "clickstream"})),
    Case("tables that may not be read", "register-partitions", 5, "perform: glue.GetTable", POLICY,
         denied("glue.GetTable")),
    *(Case(f"a run that ends {state}", "run-partition", 5, f"{state} after", hint, runs_end("RUNNING", end), TORN)
      for state, end, hint in (
          ("FAILED", "FAILED: out of memory", "console.aws.amazon.com"),
          ("TIMEOUT", "TIMEOUT", "glue.timeout_minutes"), ("STOPPED", "STOPPED", "Somebody stopped it."),
          ("ERROR", "ERROR: no script", "could not start it"), ("EXPIRED", "EXPIRED", "waited in the queue"))),
    Case("a run that succeeds without a commit", "run-partition", 1, "SUCCEEDED, but the ledger holds no commit of it",
         "'clickctl doctor'", runs_end("SUCCEEDED"), TORN),
    Case("a run that failed and a log that may not be read", "run-partition", 5, ": out of memory",
         "console.aws.amazon.com", all_of(runs_end("FAILED: out of memory"), denied("logs.GetLogEvents")), TORN),
    Case("a run that fails with a secret in its words", "run-partition", 5, ": login with password=***",
         "console.aws.amazon.com", runs_end(f"FAILED: login with password={SIGNATURE}"), TORN),
]  # fmt: skip

"""What each role is for, and so what its policy is to allow, on which resources.

The actions of `grants` are held to those derived from the code (test_derivation.py), what the commands
really ask for to `grants` (test_calls_made.py), and the policies to all of it (tests/terraform/test_policies.py).
So each table says where a derived action is needed, and no more; only `own`, what a service itself does
in a role's name, comes from AWS's documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.permissions.clients import Call
from tests.permissions.derive import FUNCTION, JOB, commands

NOT_CONFIGURED = {
    Call("sts", "AssumeRole"): "aws.role_arn: who logs in as a role of the module needs no other",
    Call("kms", "DescribeKey"): "aws.kms_key: the buckets' own encryption names the key",
    Call("redshift", "GetClusterCredentials"): "redshift.user: the login is that of the role",
    Call("secretsmanager", "GetSecretValue"): "redshift.secret: the same",
}
"""Calls that need a setting which the module's configuration (its output `clickctl`) does not have."""

WITHOUT_AWS = {"demo": "runs on folders of its own, whatever is configured"}
"""Commands of which the derivation cannot see that they are of the local backend alone."""

WAREHOUSE = {
    "serverless": {"serverless workgroup": "redshift-serverless:GetCredentials redshift-serverless:GetWorkgroup"},
    "provisioned": {
        "anything": "redshift:DescribeClusters",
        "cluster's database": "redshift:GetClusterCredentialsWithIAM",
    },
}
"""What operator and loader need to log in, by variable `warehouse.kind`."""

Table = Mapping[str, str]
"""Places, which places.py has with their ARNs, and the actions on each."""

_READS = "s3:GetObject"
_WRITES = "s3:AbortMultipartUpload s3:DeleteObject s3:PutObject"
_USES = "kms:Decrypt kms:GenerateDataKey"
_METRICS = {"metrics of ours": "cloudwatch:PutMetricData"}
_RESULTS = {
    "results": f"{_READS} s3:AbortMultipartUpload s3:ListMultipartUploadParts s3:PutObject",
    "processed bucket": "s3:GetBucketLocation s3:ListBucketMultipartUploads",
}
_PARTITIONS = (
    "glue:BatchCreatePartition glue:BatchDeletePartition glue:BatchGetPartition glue:BatchUpdatePartition "
    "glue:GetDatabase glue:GetPartitions glue:GetTable glue:UpdateTable"
)


@dataclass(frozen=True)
class Role:
    """`entries` are functions; those named in `without` are not entered, because no option asks for it, as is said."""

    entries: tuple[str, ...]
    grants: Table
    own: Table = field(default_factory=dict)
    own_in_a_network: Table = field(default_factory=dict)
    without: Mapping[str, str] = field(default_factory=dict)
    logs_in: bool = False


def _commands(*names: str) -> tuple[str, ...]:
    """The functions of these commands, or of all that ask AWS."""
    known = {name: function for name, function in commands().items() if name not in WITHOUT_AWS}
    return tuple(known[name] for name in names or known)


def _roles() -> dict[str, Role]:
    return {"operator": _operator(), "loader": _loader(), "glue_job": _glue_job(), "alerts": _alerts()}


def _operator() -> Role:
    """On call: every command. `own`: what docs/runbook.md has them do by the AWS CLI."""
    looks = "s3:GetBucketPublicAccessBlock s3:GetBucketVersioning s3:GetEncryptionConfiguration"
    return Role(
        _commands(),
        {
            "listing of raw": "s3:ListBucket", "listing of alerts": "s3:ListBucket",
            "listing of all in processed": "s3:ListBucket",
            "raw": f"{_READS} s3:GetObjectVersion",
            "processed": f"{_READS} {_WRITES}", "quarantine": f"{_READS} {_WRITES}", "alerts": f"{_READS} {_WRITES}",
            "artifacts": _READS,
            "raw bucket": looks, "alerts bucket": looks,
            "results": _RESULTS["results"], "processed bucket": f"{_RESULTS['processed bucket']} {looks}",
            "key by S3": _USES, "key by SNS": _USES,
            "job": "glue:BatchStopJobRun glue:GetJob glue:GetJobRun glue:GetJobRuns glue:StartJobRun",
            "catalog": f"{_PARTITIONS} glue:CreateDatabase glue:CreateTable", "default database": "glue:GetDatabase",
            "workgroup": "athena:GetQueryExecution athena:GetQueryResults athena:GetWorkGroup "
                         "athena:StartQueryExecution athena:StopQueryExecution",
            "error log": "logs:DescribeLogStreams logs:GetLogEvents", "output log": "logs:GetLogEvents",
            "topic": "sns:ListSubscriptionsByTopic sns:Publish",
            "function": "lambda:GetFunctionConfiguration lambda:InvokeFunction lambda:ListFunctionEventInvokeConfigs",
            "dead letters": "sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes sqs:GetQueueUrl "
                            "sqs:ReceiveMessage",
            "roles that doctor asks about": "iam:GetRole iam:SimulatePrincipalPolicy",
            **_METRICS,
        },
        own={
            "listing of raw": "s3:ListBucketVersions", "listing of alerts": "s3:ListBucketVersions",
            "listing of all in processed": "s3:ListBucketVersions",
            "processed": "s3:GetObjectVersion", "quarantine": "s3:GetObjectVersion", "alerts": "s3:GetObjectVersion",
            "queues that only tell": "sqs:GetQueueUrl sqs:PurgeQueue",
        },
        logs_in=True,
    )  # fmt: skip


def _loader() -> Role:
    """The cron of a machine: what docs/operations.md has there for it."""
    return Role(
        _commands("load-hot", "register-partitions", "dq-report"),
        {
            "listing of raw": "s3:ListBucket", "listing of alerts": "s3:ListBucket",
            "listing of processed": "s3:ListBucket",
            "processed": _READS, "loads": _WRITES,
            "key by S3": _USES,
            "job": "glue:GetJobRun",
            "catalog": _PARTITIONS,
            **_METRICS,
        },
        without={
            "clickctl.aws.catalog.GlueCatalog._make_view": "register-partitions without --create-tables",
            "clickctl.aws.glue_calls.GlueCalls.create_database": "the same",
            "clickctl.aws.glue_calls.GlueCalls.create_table": "the same",
            "clickctl.commands.dq_run.DqRun._verified": "dq-report without --verify",
            "clickctl.inspecting.examples_of": "dq-report with --no-samples",
        },
        logs_in=True,
    )  # fmt: skip


def _glue_job() -> Role:
    """`own`: what such a job uses of the managed policy AWSGlueServiceRole (Glue Developer Guide, "Create an IAM policy
    for the AWS Glue service"); of metrics the same guide, "Monitoring with Amazon CloudWatch"."""
    return Role(
        (JOB,),
        {
            "listing of raw": "s3:ListBucket", "listing of processed and code": "s3:ListBucket",
            "raw": _READS, "processed": f"{_READS} {_WRITES}", "quarantine": _WRITES,
            "key by S3": _USES,
            "job": "glue:GetJobRun",
            "metrics of ours and Glue's": "cloudwatch:PutMetricData",
        },
        own={
            "artifacts": _READS, "processed bucket": "s3:GetBucketLocation",
            "logs of jobs": "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents",
        },
        own_in_a_network={
            "catalog's root": "glue:GetConnection", "connections": "glue:GetConnection",
            "anything": "ec2:DescribeNetworkInterfaces ec2:DescribeRouteTables ec2:DescribeSecurityGroups "
                        "ec2:DescribeSubnets ec2:DescribeVpcAttribute ec2:DescribeVpcEndpoints",
            "network": "ec2:CreateNetworkInterface ec2:DeleteNetworkInterface",
            "tags of interfaces": "ec2:CreateTags ec2:DeleteTags",
        },
    )  # fmt: skip


def _alerts() -> Role:
    """`own`: the managed policies AWSLambdaBasicExecutionRole (the log group is there already) and
    AWSLambdaVPCAccessExecutionRole, and Lambda Developer Guide, "Adding a dead-letter queue"."""
    return Role(
        (FUNCTION,),
        {
            "listing of raw": "s3:ListBucket", "listing of alerts": "s3:ListBucket",
            "raw": f"{_READS} s3:GetObjectVersion", "alerts": f"{_READS} {_WRITES}",
            "key by S3": _USES, "key by SNS": _USES,
            "topic": "sns:Publish",
        },
        own={"function's log": "logs:CreateLogStream logs:PutLogEvents", "dead letters": "sqs:SendMessage"},
        own_in_a_network={
            "anything": "ec2:AssignPrivateIpAddresses ec2:CreateNetworkInterface ec2:DeleteNetworkInterface "
                        "ec2:DescribeNetworkInterfaces ec2:DescribeSubnets ec2:UnassignPrivateIpAddresses",
        },
    )  # fmt: skip


ROLES = _roles()

OTHERS: dict[str, tuple[Table, str]] = {
    "scheduler": (
        {"job": "glue:StartJobRun", "schedules' letters": "sqs:SendMessage"},
        "EventBridge Scheduler User Guide, Managing targets, and Configuring a dead-letter queue",
    ),
    "producer": (
        {"raw": "s3:AbortMultipartUpload s3:PutObject", "key by S3": _USES},
        "S3 User Guide, Multipart upload API and permissions",
    ),
    "analyst": (
        {
            "workgroup": "athena:GetQueryExecution athena:GetQueryResults athena:GetQueryResultsStream "
                         "athena:GetWorkGroup athena:StartQueryExecution athena:StopQueryExecution",
            "catalog": "glue:GetDatabase glue:GetTable glue:GetTables",
            "default database": "glue:GetDatabase",
            "tables": _READS, "listing of tables and results": "s3:ListBucket", "key by S3": _USES, **_RESULTS,
        },
        "see actions.ATHENA; GetTables and GetWorkGroup for the console and drivers",
    ),
    "redshift": (
        {
            "tables": _READS, "loads": _READS, "listing of tables and loads": "s3:ListBucket", "key": "kms:Decrypt",
            "catalog of tables": "glue:GetDatabase glue:GetPartition glue:GetPartitions glue:GetTable glue:GetTables",
        },
        "Redshift Database Developer Guide, IAM policies for Amazon Redshift Spectrum, what of it only reads",
    ),
    "crawler": (
        {
            "raw": _READS, "listing of raw alone": "s3:ListBucket", "key": "kms:Decrypt",
            "catalog of raw": "glue:BatchCreatePartition glue:BatchGetPartition glue:CreateTable glue:GetDatabase "
                              "glue:GetPartition glue:GetPartitions glue:GetTable glue:GetTables glue:UpdatePartition "
                              "glue:UpdateTable",
            "logs of crawlers": "logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents",
        },
        "Glue Developer Guide, Crawler prerequisites, and AWSGlueServiceRole",
    ),
    "flow_log": (
        {
            "flow log": "logs:CreateLogStream logs:DescribeLogStreams logs:PutLogEvents",
            "anything": "logs:DescribeLogGroups",
        },
        "VPC User Guide, IAM role for publishing flow logs to CloudWatch Logs; its group is there already",
    ),
}  # fmt: skip
"""Roles that no code of ours runs as, and where it is told what they need."""

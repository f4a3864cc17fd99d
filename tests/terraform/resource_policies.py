"""Who may assume each role, and what the policies of resources say: a line for each statement, in no order.

What is in braces are names of a variant. Policies of roles are not here, but in tests/permissions/needs.py.
"""

from __future__ import annotations

from collections.abc import Mapping

Table = Mapping[str, tuple[str, ...]]

KINDS = {
    "aws_cloudwatch_log_resource_policy": "policy_document",
    "aws_iam_role": "assume_role_policy",
    "aws_kms_key_policy": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_sqs_queue": "policy",
    "aws_vpc_endpoint": "policy",
}
"""By kind of resource, the attribute that is a policy."""

REPLACED = {kind: f"{kind}_policy" for kind in ("aws_kms_key", "aws_s3_bucket", "aws_sns_topic")}
"""Kinds that AWS gives a policy when they are made, which one of the other kind is put in the place of."""

_ASSUME = "sts:AssumeRole"
_ROOT = "arn:aws:iam::{account}:root"
_OF_LAKE = "{bucket}%s {bucket}%s/*"
_GLUE = f"Allow glue.amazonaws.com: {_ASSUME} if StringEqualsIfExists aws:SourceAccount {{account}}"
_USE = "kms:Decrypt kms:GenerateDataKey"


def _bucket(use: str) -> tuple[str, ...]:
    return (
        f"Deny everybody: s3:* on {_OF_LAKE % (use, use)} if Bool aws:SecureTransport false",
        f"Deny everybody: s3:* on {_OF_LAKE % (use, use)} if NumericLessThan s3:TlsVersion 1.2",
    )


def _people(**who: str) -> Table:
    return {f"aws_iam_role.{role}": (f"Allow {names}: {_ASSUME}",) for role, names in who.items()}


def _endpoints(**prefixes: str) -> Table:
    return {
        f'aws_vpc_endpoint.interface["{service}"]': (
            f"Allow everybody: {prefix}:* on * if StringEquals aws:PrincipalAccount {{account}}",
        )
        for service, prefix in prefixes.items()
    }


def _key(roles: str, *more: str) -> Table:
    users = " ".join(f"arn:aws:iam::{{account}}:role/{{name}}-{role}" for role in roles.split())
    log = "kms:EncryptionContext:aws:logs:arn arn:aws:logs:{region}:{account}:log-group:*"
    audit = f"kms:EncryptionContext:aws:s3:arn {_OF_LAKE % ('trail', 'trail')}"
    keeping = (
        "kms:CancelKeyDeletion kms:CreateAlias kms:DeleteAlias kms:DescribeKey kms:DisableKey kms:DisableKeyRotation "
        "kms:EnableKey kms:EnableKeyRotation kms:GetKeyPolicy kms:GetKeyRotationStatus kms:ListAliases kms:ListGrants "
        "kms:ListKeyPolicies kms:ListResourceTags kms:PutKeyPolicy kms:RevokeGrant kms:ScheduleKeyDeletion "
        "kms:TagResource kms:UntagResource kms:UpdateAlias kms:UpdateKeyDescription"
    )
    logging = (
        "kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey kms:GenerateDataKeyWithoutPlaintext "
        "kms:ReEncryptFrom kms:ReEncryptTo"
    )
    by = "StringEquals kms:ViaService"
    return {
        "aws_kms_key_policy.lake": (
            f"Allow {_ROOT}: {keeping} on *",
            f"Allow {_ROOT}: kms:Decrypt on * if {by} s3.{{region}}.amazonaws.com, StringLike {audit}",
            f"Allow {users}: {_USE} on * if {by} s3.{{region}}.amazonaws.com sns.{{region}}.amazonaws.com",
            f"Allow logs.{{region}}.amazonaws.com: {logging} on * if ArnLike {log}",
            f"Allow cloudwatch.amazonaws.com: {_USE} on * if StringEquals aws:SourceAccount {{account}}",
            *more,
        )
    }


_EVERYWHERE: Table = {
    "aws_iam_role.alerts": (f"Allow lambda.amazonaws.com: {_ASSUME}",),
    "aws_iam_role.glue_job": (_GLUE,),
    "aws_iam_role.scheduler": (
        f"Allow scheduler.amazonaws.com: {_ASSUME} if ArnEquals aws:SourceArn "
        "arn:aws:scheduler:{region}:{account}:schedule-group/{name}, StringEquals aws:SourceAccount {account}",
    ),
    "aws_cloudwatch_log_resource_policy.failures": (
        "Allow delivery.logs.amazonaws.com events.amazonaws.com: logs:CreateLogStream logs:PutLogEvents on "
        "arn:aws:logs:{region}:{account}:log-group:/aws/events/{name}-job-failures:*",
    ),
    "aws_lambda_permission.raw": (
        "Allow events.amazonaws.com: lambda:InvokeFunction on {name}-alerts if ArnLike aws:SourceArn "
        "arn:aws:events:{region}:{account}:rule/{name}-raw-files",
    ),
    "aws_sqs_queue.deliveries": (
        "Allow events.amazonaws.com: sqs:SendMessage on arn:aws:sqs:{region}:{account}:{name}-raw-files-not-delivered "
        "if ArnEquals aws:SourceArn arn:aws:events:{region}:{account}:rule/{name}-raw-files",
    ),
    "aws_sns_topic_policy.alarms": (
        "Allow cloudwatch.amazonaws.com: sns:Publish on arn:aws:sns:{region}:{account}:{name}-alarms if ArnLike "
        "aws:SourceArn arn:aws:cloudwatch:{region}:{account}:alarm:{name}-*, StringEquals aws:SourceAccount {account}",
        "Deny everybody: sns:Publish on arn:aws:sns:{region}:{account}:{name}-alarms if Bool aws:SecureTransport false",
    ),
    "aws_sns_topic_policy.purchases": (
        "Deny everybody: sns:Publish sns:Subscribe on arn:aws:sns:{region}:{account}:{name}-purchases "
        "if Bool aws:SecureTransport false",
    ),
    **{f'aws_s3_bucket_policy.this["{use}"]': _bucket(use) for use in ("raw", "processed", "alerts")},
    'aws_s3_bucket_policy.this["trail"]': (
        *_bucket("trail"),
        "Allow cloudtrail.amazonaws.com: s3:GetBucketAcl on {bucket}trail if StringEquals aws:SourceArn "
        "arn:aws:cloudtrail:{region}:{account}:trail/{name}",
        "Allow cloudtrail.amazonaws.com: s3:PutObject on {bucket}trail/AWSLogs/{account}/* if StringEquals "
        "aws:SourceArn arn:aws:cloudtrail:{region}:{account}:trail/{name}, "
        "StringEquals s3:x-amz-acl bucket-owner-full-control",
    ),
}

POLICIES: Mapping[str, Table] = {
    "usual": {
        **_EVERYWHERE,
        **_people(operator=_ROOT, loader=_ROOT, analyst=_ROOT, producer=_ROOT),
        **_key(
            "alerts analyst glue-job loader operator producer",
            "Allow cloudtrail.amazonaws.com: kms:Decrypt kms:DescribeKey kms:GenerateDataKey "
            "kms:GenerateDataKeyWithoutPlaintext on * if StringEquals aws:SourceArn "
            "arn:aws:cloudtrail:{region}:{account}:trail/{name}",
        ),
    },
    "whole": {
        **_EVERYWHERE,
        **_people(operator="{user}ada", loader="{user}cron", analyst="{user}grace {user}joan", producer="{user}web"),
        "aws_iam_role.crawler[0]": (_GLUE,),
        "aws_iam_role.redshift[0]": (f"Allow redshift-serverless.amazonaws.com redshift.amazonaws.com: {_ASSUME}",),
        "aws_iam_role.flow_log[0]": (
            f"Allow vpc-flow-logs.amazonaws.com: {_ASSUME} if ArnLike aws:SourceArn "
            "arn:aws:ec2:{region}:{account}:vpc-flow-log/*, StringEquals aws:SourceAccount {account}",
        ),
        **_key(
            "alerts analyst crawler glue-job loader operator producer redshift",
            f"Allow {_ROOT}: kms:CreateGrant {_USE} on * if StringLike kms:ViaService "
            "redshift-data.{region}.amazonaws.com redshift-serverless.{region}.amazonaws.com "
            "redshift.{region}.amazonaws.com secretsmanager.{region}.amazonaws.com",
        ),
        **_endpoints(glue="glue", kms="kms", logs="logs", monitoring="cloudwatch", sns="sns", sts="sts"),
        "aws_vpc_endpoint.s3[0]": (
            "Allow everybody: s3:AbortMultipartUpload s3:DeleteObject s3:GetBucketLocation s3:GetObject "
            "s3:GetObjectVersion s3:ListBucket s3:ListBucketMultipartUploads s3:ListMultipartUploadParts "
            "s3:PutObject on "
            f"{_OF_LAKE % ('alerts', 'alerts')} {_OF_LAKE % ('processed', 'processed')} {_OF_LAKE % ('raw', 'raw')} "
            "if StringEquals aws:PrincipalAccount {account}",
        ),
    },
}  # fmt: skip
"""By variant and the resource's address."""

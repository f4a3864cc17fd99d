"""What ministack 1.5.33 does otherwise than AWS, made up for in its account: the module stays as it is.

- Calls in batches are actions of their own: AWS permits them where the single call is permitted (SNS Developer Guide,
  "Amazon SNS API permissions: Actions and resources reference"; awsdocs/iam-user-guide#181 for SQS).
- BatchGetPartition tells of a partition that is not there that it was not processed: clickctl would ask again, in vain.
- Events that the bus hands to a function are tried once, and leave no dead letter.
- CloudTrail tells the bus nothing, and nobody else may name a source of AWS's.

Nothing makes up for these, so no test tells of them: S3, SNS and Logs never ask KMS; nobody asks whether EventBridge
may invoke the function; a missing key is "404" also to those who may not list; a call of Glue, Athena or Logs is judged
by one resource, and a few by a wrong one (GetDatabase, GetQueryExecution, a log group without its `:*`); PutMetricData
has no `cloudwatch:namespace`, so that no role may call it (`dq-report --emit`); there is no Redshift (`load-hot`).
"""

from __future__ import annotations

import json

from tests.e2e.callers import Caller

_BATCHED = ("sns:Publish", "sqs:ChangeMessageVisibility")
_FORTNIGHT = {"MessageRetentionPeriod": "1209600", "MaximumMessageSize": "262144", "SqsManagedSseEnabled": "true"}
_QUEUES = {
    "dead_letters": ("alerts-dead-letters", {**_FORTNIGHT, "VisibilityTimeout": "300"}),
    "schedules": ("schedules-not-started", _FORTNIGHT),
    "deliveries": ("raw-files-not-delivered", _FORTNIGHT),
}


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def permit_batches(root: Caller, role: str, name: str) -> None:
    """Where the role's policy of the name permits the single call, and nowhere else."""
    statements = root("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
    twins = [
        {**statement, "Action": f"{action}Batch"}
        for statement in statements for action in _BATCHED if action in statement["Action"]
    ]  # fmt: skip
    root("iam").put_role_policy(RoleName=role, PolicyName="batches", PolicyDocument=policy(*twins))


def trust_root(root: Caller, role: str) -> None:
    """Root may assume the role, for a service that does not run here: what it may do is the same for whoever has it."""
    trust = root("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    also = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "000000000000"}}
    root("iam").update_assume_role_policy(RoleName=role, PolicyDocument=policy(*trust["Statement"], also))


def adopted_queues(root: Caller, name: str) -> str:
    """Terraform that takes over queues made here, as the module would make them: the provider waits 25 s after it made
    some, or changed them because they differ.
    """
    blocks = []
    for address, (queue, attributes) in _QUEUES.items():
        url = root("sqs").create_queue(QueueName=f"{name}-{queue}", Attributes=attributes)["QueueUrl"]
        blocks.append(f'import {{\n  to = aws_sqs_queue.{address}\n  id = "{url}"\n}}\n')
    return "".join(blocks)

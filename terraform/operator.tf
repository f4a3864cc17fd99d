# People on call: every command of clickctl.
resource "aws_iam_role" "operator" {
  name               = "${var.name}-operator"
  description        = "On call: runs every command of clickctl."
  assume_role_policy = data.aws_iam_policy_document.people_trust["operators"].json
}

resource "aws_iam_role_policy" "operator" {
  name   = "operator"
  role   = aws_iam_role.operator.id
  policy = data.aws_iam_policy_document.operator.json
}

data "aws_iam_policy_document" "operator" {
  source_policy_documents = concat(
    [
      data.aws_iam_policy_document.key_use["s3"].json,
      data.aws_iam_policy_document.key_use["sns"].json,
      data.aws_iam_policy_document.query_results.json,
      data.aws_iam_policy_document.operator_doctor.json,
      data.aws_iam_policy_document.keep_partitions.json,
      data.aws_iam_policy_document.emit_metrics.json,
    ],
    local.warehouse_login,
  )

  statement {
    sid       = "ListRawFilesAndReceipts"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = [local.arns.raw_bucket, local.arns.alerts_bucket]
    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["${local.prefix}/*"]
    }
  }
  statement {
    sid       = "ListTablesQuarantineAndCode"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = [local.arns.processed_bucket]
    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["${local.prefix}/*", "quarantine/*", "${local.artifacts}/*", "${local.results}/*"]
    }
  }
  statement {
    sid       = "ReadRawFiles"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = [local.arns.raw]
  }
  statement {
    sid       = "SeeTheCode"
    actions   = ["s3:GetObject"]
    resources = [local.arns.artifacts]
  }
  statement {
    sid       = "KeepTablesQuarantineAndReceipts" # earlier versions, too: docs/runbook.md puts them back
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = [local.arns.processed, local.arns.quarantine, local.arns.alerts]
  }
  statement {
    sid       = "RunTheJob"
    actions   = ["glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:StartJobRun"]
    resources = [local.job_arn]
  }
  statement {
    sid       = "ReadTheLogOfAFailedRun"
    actions   = ["logs:GetLogEvents"]
    resources = [for log in ["error", "output"] : "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:/aws-glue/jobs/${log}:*"]
  }
  statement {
    sid       = "MakeTablesAndView"
    actions   = ["glue:CreateDatabase", "glue:CreateTable"]
    resources = local.catalog_arns
  }
  statement {
    sid       = "LookAtTheDatabaseThatAthenaLooksAt"
    actions   = ["glue:GetDatabase"]
    resources = [local.default_database]
  }
  statement {
    sid       = "Query"
    actions   = ["athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution"]
    resources = [aws_athena_workgroup.lake.arn]
  }
  statement {
    sid       = "ReplayAlerts"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.alerts.arn]
  }
  statement {
    sid       = "TellOfPurchases"
    actions   = ["sns:ListSubscriptionsByTopic", "sns:Publish"]
    resources = [aws_sns_topic.purchases.arn]
  }
  statement {
    sid       = "WorkOffDeadLetters"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }
  statement {
    sid       = "EmptyQueuesThatOnlyTell"
    actions   = ["sqs:GetQueueUrl", "sqs:PurgeQueue"]
    resources = [aws_sqs_queue.deliveries.arn, aws_sqs_queue.schedules.arn]
  }
}

# What `clickctl doctor` looks at, and nothing else does.
data "aws_iam_policy_document" "operator_doctor" {
  statement {
    sid       = "LookAtBuckets"
    actions   = ["s3:GetBucketPublicAccessBlock", "s3:GetBucketVersioning", "s3:GetEncryptionConfiguration"]
    resources = [local.arns.raw_bucket, local.arns.processed_bucket, local.arns.alerts_bucket]
  }
  statement {
    sid       = "LookAtTheJob"
    actions   = ["glue:GetJob"]
    resources = [local.job_arn]
  }
  statement {
    sid       = "LookAtItsLog"
    actions   = ["logs:DescribeLogStreams"]
    resources = ["arn:${local.partition}:logs:${var.region}:${local.account}:log-group:/aws-glue/jobs/error:*"]
  }
  statement {
    sid       = "LookAtTheWorkgroup"
    actions   = ["athena:GetWorkGroup"]
    resources = [aws_athena_workgroup.lake.arn]
  }
  statement {
    sid       = "LookAtTheFunction"
    actions   = ["lambda:GetFunctionConfiguration", "lambda:ListFunctionEventInvokeConfigs"]
    resources = [aws_lambda_function.alerts.arn]
  }
  statement {
    sid       = "AskWhatPoliciesPermit"
    actions   = ["iam:GetRole", "iam:SimulatePrincipalPolicy"]
    resources = [aws_iam_role.operator.arn, aws_iam_role.glue_job.arn]
  }
}

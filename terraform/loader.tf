# The machine with cron: load-hot, register-partitions, and dq-report --emit cloudwatch --no-samples.
# It runs no unit, asks Athena nothing and sees no quarantine.
resource "aws_iam_role" "loader" {
  name               = "${var.name}-loader"
  description        = "Cron: loads the warehouse, registers partitions, reports on quality."
  assume_role_policy = data.aws_iam_policy_document.people_trust["loaders"].json
}

resource "aws_iam_role_policy" "loader" {
  name   = "loader"
  role   = aws_iam_role.loader.id
  policy = data.aws_iam_policy_document.loader.json
}

data "aws_iam_policy_document" "loader" {
  source_policy_documents = concat(
    [
      data.aws_iam_policy_document.key_use["s3"].json,
      data.aws_iam_policy_document.keep_partitions.json,
      data.aws_iam_policy_document.emit_metrics.json,
    ],
    local.warehouse_login,
  )

  statement {
    sid       = "List"
    actions   = ["s3:ListBucket"]
    resources = [local.arns.raw_bucket, local.arns.processed_bucket, local.arns.alerts_bucket]
    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["${local.prefix}/*"]
    }
  }
  statement {
    sid       = "ReadTablesAndLedgers"
    actions   = ["s3:GetObject"]
    resources = [local.arns.processed]
  }
  statement {
    sid       = "WriteManifestsOfLoads"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
    resources = ["${local.arns.processed_bucket}/${local.prefix}/_loads/*"]
  }
  statement {
    sid       = "SeeWhetherARunLives"
    actions   = ["glue:GetJobRun"]
    resources = [local.job_arn]
  }
}

# register-partitions, and what operator and loader share of the catalog.
data "aws_iam_policy_document" "keep_partitions" {
  statement {
    sid = "KeepPartitions"
    actions = [
      "glue:BatchCreatePartition", "glue:BatchDeletePartition", "glue:BatchGetPartition", "glue:BatchUpdatePartition",
      "glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:UpdateTable",
    ]
    resources = local.catalog_arns
  }
}

data "aws_iam_policy_document" "emit_metrics" {
  statement {
    sid       = "EmitMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # it knows no resources
    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["clickctl"]
    }
  }
}

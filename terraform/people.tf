# Roles that people and machines outside of AWS's services assume. What operator and loader may do is what the commands
# call, no more: tests/permissions derives it from the code and compares.
data "aws_iam_policy_document" "people_trust" {
  for_each = var.principals

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = length(each.value) > 0 ? each.value : ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }
}

# The key, by way of one service: the key's own policy says so too.
data "aws_iam_policy_document" "key_use" {
  for_each = toset(["s3", "sns"])

  statement {
    sid       = "UseTheKeyIn${title(each.key)}"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.lake.arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["${each.key}.${var.region}.amazonaws.com"]
    }
  }
}

locals {
  key_users = concat(
    [
      aws_iam_role.alerts.arn, aws_iam_role.analyst.arn, aws_iam_role.glue_job.arn, aws_iam_role.loader.arn,
      aws_iam_role.operator.arn, aws_iam_role.producer.arn,
    ],
    aws_iam_role.crawler[*].arn,
    aws_iam_role.redshift[*].arn,
  )
}

# Web servers: put raw files, nothing else. They cannot read, list or delete what they have put.
resource "aws_iam_role" "producer" {
  name               = "${var.name}-producer"
  description        = "Web servers: puts raw files."
  assume_role_policy = data.aws_iam_policy_document.people_trust["producers"].json
}

resource "aws_iam_role_policy" "producer" {
  name   = "producer"
  role   = aws_iam_role.producer.id
  policy = data.aws_iam_policy_document.producer.json
}

data "aws_iam_policy_document" "producer" {
  source_policy_documents = [data.aws_iam_policy_document.key_use["s3"].json]

  statement {
    sid       = "DeliverRawFiles"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = [local.arns.raw]
  }
}

# Whoever queries does it here: results go to one place, encrypted, and no query scans more than the cutoff.
resource "aws_athena_workgroup" "lake" {
  name          = var.name
  description   = "Queries of the clickstream lake."
  force_destroy = var.force_destroy

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = floor(var.athena.cutoff_gb * 1000000000)

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }
    result_configuration {
      output_location       = "s3://${local.bucket.processed}/${local.results}/"
      expected_bucket_owner = local.account

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = aws_kms_key.lake.arn
      }
    }
  }
}

# People who query: the tables, by Athena, and nothing else of the lake.
resource "aws_iam_role" "analyst" {
  name               = "${var.name}-analyst"
  description        = "Queries the tables with Athena."
  assume_role_policy = data.aws_iam_policy_document.people_trust["analysts"].json
}

resource "aws_iam_role_policy" "analyst" {
  name   = "analyst"
  role   = aws_iam_role.analyst.id
  policy = data.aws_iam_policy_document.analyst.json
}

data "aws_iam_policy_document" "analyst" {
  source_policy_documents = [
    data.aws_iam_policy_document.key_use["s3"].json,
    data.aws_iam_policy_document.query_results.json,
  ]

  statement {
    sid       = "Query"
    actions   = ["athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetQueryResultsStream", "athena:GetWorkGroup", "athena:StartQueryExecution", "athena:StopQueryExecution"]
    resources = [aws_athena_workgroup.lake.arn]
  }
  statement {
    sid       = "KnowTheTables"
    actions   = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"]
    resources = local.catalog_arns
  }
  statement {
    sid       = "LookAtTheDatabaseThatAthenaLooksAt"
    actions   = ["glue:GetDatabase"]
    resources = [local.default_database]
  }
  statement {
    sid       = "ReadTheTables"
    actions   = ["s3:GetObject"]
    resources = [for table in local.tables : "${local.arns.processed_bucket}/${local.prefix}/${table.folder}/*"]
  }
  statement {
    sid       = "ListTheTables"
    actions   = ["s3:ListBucket"]
    resources = [local.arns.processed_bucket]
    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = concat([for table in local.tables : "${local.prefix}/${table.folder}/*"], ["${local.results}/*"])
    }
  }
}

# What Athena does in the name of whoever asks: put the results down and fetch them
# (Athena User Guide, "Control access to Amazon S3 from Athena").
data "aws_iam_policy_document" "query_results" {
  statement {
    sid       = "PutAndFetchResults"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = [local.arns.results]
  }
  statement {
    sid       = "FindThePlaceOfResults"
    actions   = ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    resources = [local.arns.processed_bucket]
  }
}

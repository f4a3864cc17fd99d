locals {
  # What `clickctl package` wrote: variables.tf sees to it that there is one of each.
  library = one(fileset(var.dist, "clickctl-[0-9]*.zip"))
  lambda  = one(fileset(var.dist, "clickctl-alerts-*.zip"))
  script  = "clickstream_job.py"

  # Script and library of one release lie in a folder of its own: no run gets the one of a release and the other of another.
  release = "${local.artifacts}/${substr(sha256(join("", [for file in [local.library, local.script] : filesha256("${var.dist}/${file}")])), 0, 12)}"

  # Wheels of the job's modules, where `clickctl package --wheels` brought them: the job then needs no package index.
  wheels = flatten([for module in var.glue.python_modules : [
    for file in fileset("${var.dist}/wheels", "${replace(replace(module, "-", "_"), "==", "-")}-*.whl") : file
  ]])
  offline = length(local.wheels) > 0 && length(local.wheels) == length(var.glue.python_modules)

  dpus_of_a_worker = {
    "G.1X" = 1, "G.2X" = 2, "G.4X" = 4, "G.8X" = 8, "R.1X" = 1, "R.2X" = 2, "R.4X" = 4, "R.8X" = 8,
  }
  job_arn = "arn:${local.partition}:glue:${var.region}:${local.account}:job/${local.job}"

  # All that every run shares; a schedule or clickctl adds what to run (docs/operations.md, "The Spark job").
  job_arguments = merge(
    {
      "--raw"                              = local.roots.raw
      "--processed"                        = local.roots.processed
      "--quarantine"                       = local.roots.quarantine
      "--rules"                            = jsonencode(local.quality)
      "--target-file-mb"                   = tostring(var.glue.target_file_mb)
      "--dpus"                             = tostring(local.dpus_of_a_worker[var.glue.worker_type] * var.glue.workers)
      "--dollars-per-dpu-hour"             = tostring(var.glue.dollars_per_dpu_hour)
      "--extra-py-files"                   = "s3://${local.bucket.processed}/${aws_s3_object.library.key}"
      "--additional-python-modules"        = join(",", local.offline ? [for wheel in aws_s3_object.wheel : "s3://${local.bucket.processed}/${wheel.key}"] : var.glue.python_modules)
      "--enable-metrics"                   = "true"
      "--enable-observability-metrics"     = "true"
      "--enable-continuous-cloudwatch-log" = "true"
      "--job-language"                     = "python"
    },
    local.offline ? { "--python-modules-installer-option" = "--no-index" } : {},
  )
}

# Code, not data: encrypted by S3's own key, so that whoever deploys needs no right to the lake's.
resource "aws_s3_object" "library" {
  bucket                 = aws_s3_bucket.this["processed"].id
  key                    = "${local.release}/${local.library}"
  source                 = "${var.dist}/${local.library}"
  server_side_encryption = "AES256"

  # The job is pointed at the new ones first.
  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_object" "script" {
  bucket                 = aws_s3_bucket.this["processed"].id
  key                    = "${local.release}/${local.script}"
  source                 = "${var.dist}/${local.script}"
  server_side_encryption = "AES256"

  # The job is pointed at the new ones first.
  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_object" "wheel" {
  for_each = local.offline ? toset(local.wheels) : []

  bucket                 = aws_s3_bucket.this["processed"].id
  key                    = "${local.artifacts}/wheels/${each.key}"
  source                 = "${var.dist}/wheels/${each.key}"
  source_hash            = filemd5("${var.dist}/wheels/${each.key}")
  server_side_encryption = "AES256"

  # The job is pointed at the new ones first.
  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_glue_job" "clickstream" {
  name                    = local.job
  description             = "Units of raw clickstream to committed Parquet (clickctl)."
  role_arn                = aws_iam_role.glue_job.arn
  glue_version            = var.glue.version
  execution_class         = "STANDARD"
  worker_type             = var.glue.worker_type
  number_of_workers       = var.glue.workers
  timeout                 = var.glue.timeout_minutes
  max_retries             = 0 # clickctl starts a run again that failed without a note in the ledger
  job_run_queuing_enabled = true
  connections             = local.connections
  default_arguments       = local.job_arguments

  command {
    name            = "glueetl"
    script_location = "s3://${local.bucket.processed}/${aws_s3_object.script.key}"
    python_version  = "3"
  }

  execution_property {
    max_concurrent_runs = var.glue.max_concurrent_runs + 2
  }

  lifecycle {
    precondition {
      condition     = var.vpc == null || local.offline
      error_message = "A job in the VPC reaches no package index: run `clickctl package --wheels` first, so that ${var.dist}/wheels holds ${join(" and ", var.glue.python_modules)}."
    }
  }
}

resource "aws_iam_role" "glue_job" {
  name               = "${var.name}-glue-job"
  description        = "The Glue job: reads raw files, writes tables, ledgers and quarantine."
  assume_role_policy = data.aws_iam_policy_document.glue_trust.json
}

data "aws_iam_policy_document" "glue_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }
    condition {
      test     = "StringEqualsIfExists" # that Glue always sends it is not documented
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role_policy" "glue_job" {
  name   = "glue-job"
  role   = aws_iam_role.glue_job.id
  policy = data.aws_iam_policy_document.glue_job.json
}

data "aws_iam_policy_document" "glue_job" {
  source_policy_documents = concat([data.aws_iam_policy_document.key_use["s3"].json], data.aws_iam_policy_document.glue_network[*].json)

  statement {
    sid       = "ListRawFiles"
    actions   = ["s3:ListBucket"]
    resources = [local.arns.raw_bucket]
    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["${local.prefix}/*"]
    }
  }
  statement {
    sid       = "ListTablesAndCode"
    actions   = ["s3:ListBucket"]
    resources = [local.arns.processed_bucket]
    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["${local.prefix}/*", "${local.artifacts}/*"]
    }
  }
  statement {
    sid       = "FindTheCode"
    actions   = ["s3:GetBucketLocation"]
    resources = [local.arns.processed_bucket]
  }
  statement {
    sid       = "ReadRawFilesTablesAndCode"
    actions   = ["s3:GetObject"]
    resources = [local.arns.raw, local.arns.processed, local.arns.artifacts]
  }
  statement {
    sid       = "WriteTablesAndQuarantine"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
    resources = [local.arns.processed, local.arns.quarantine]
  }
  statement {
    sid       = "SeeWhetherAnotherRunLives"
    actions   = ["glue:GetJobRun"]
    resources = [local.job_arn]
  }
  statement {
    sid       = "Measure"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"] # it knows no resources
    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["clickctl", "Glue"]
    }
  }
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${var.region}:${local.account}:log-group:/aws-glue/jobs/*"]
  }
}

# What Glue does in the job's name to put its workers into the network (Glue Developer Guide, AWSGlueServiceRole).
data "aws_iam_policy_document" "glue_network" {
  # checkov:skip=CKV_AWS_356: what is asked of "*" is to look at the network, which EC2 permits of no single resource.
  count = var.vpc == null ? 0 : 1

  statement {
    sid       = "ReadItsConnection"
    actions   = ["glue:GetConnection"]
    resources = concat(["arn:${local.partition}:glue:${var.region}:${local.account}:catalog"], aws_glue_connection.vpc[*].arn)
  }
  statement {
    sid = "LookAtTheNetwork"
    actions = [
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
      "ec2:DescribeVpcAttribute", "ec2:DescribeVpcEndpoints",
    ]
    resources = ["*"] # they know no resources
  }
  statement {
    sid     = "MakeInterfacesInItsSubnets"
    actions = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"]
    resources = concat(
      ["arn:${local.partition}:ec2:${var.region}:${local.account}:network-interface/*"],
      [for subnet in local.subnets : "arn:${local.partition}:ec2:${var.region}:${local.account}:subnet/${subnet}"],
      [for group in local.work_groups : "arn:${local.partition}:ec2:${var.region}:${local.account}:security-group/${group}"],
    )
  }
  statement {
    sid       = "TagItsInterfaces"
    actions   = ["ec2:CreateTags", "ec2:DeleteTags"]
    resources = ["arn:${local.partition}:ec2:${var.region}:${local.account}:network-interface/*"]
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "aws:TagKeys"
      values   = ["aws-glue-service-resource"]
    }
  }
}

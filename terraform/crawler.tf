# Optional: tables over the raw files, for a look at them with Athena. Nothing of the pipeline reads them.
resource "aws_glue_crawler" "raw" {
  count = var.crawler ? 1 : 0

  name          = "${var.name}-raw"
  description   = "Tables over the raw files as they were delivered."
  role          = aws_iam_role.crawler[0].arn
  database_name = aws_glue_catalog_database.raw[0].name

  s3_target {
    path        = "${local.roots.raw}/"
    sample_size = 20 # files of a folder
  }
  recrawl_policy {
    recrawl_behavior = "CRAWL_NEW_FOLDERS_ONLY"
  }
  schema_change_policy {
    update_behavior = "LOG"
    delete_behavior = "LOG"
  }
}

# A database of its own: a crawler may write to any table of its database, so the lake's is not its.
resource "aws_glue_catalog_database" "raw" {
  count = var.crawler ? 1 : 0

  name        = "${var.catalog.database}_raw"
  description = "Raw files as they were delivered, by the crawler."
}

# Optional: the night in Glue's own terms. Its clock is the run's own: `yesterday` is the day before the run began.
resource "aws_glue_workflow" "night" {
  count = var.workflow ? 1 : 0

  name                = "${var.name}-night"
  description         = "The day before as one unit${var.crawler ? ", then the crawler" : ""}."
  max_concurrent_runs = 1
}

resource "aws_glue_trigger" "night" {
  count = var.workflow ? 1 : 0

  name          = "${var.name}-night"
  type          = "SCHEDULED"
  schedule      = var.schedules.nightly
  enabled       = var.schedules.enabled
  workflow_name = aws_glue_workflow.night[0].name

  actions {
    job_name  = aws_glue_job.clickstream.name
    arguments = { "--unit" = "yesterday" }
  }
}

resource "aws_glue_trigger" "crawl" {
  count = var.workflow && var.crawler ? 1 : 0

  name          = "${var.name}-crawl"
  type          = "CONDITIONAL"
  enabled       = true
  workflow_name = aws_glue_workflow.night[0].name

  predicate {
    conditions {
      job_name = aws_glue_job.clickstream.name
      state    = "SUCCEEDED"
    }
  }
  actions {
    crawler_name = aws_glue_crawler.raw[0].name
  }
}

resource "aws_iam_role" "crawler" {
  count = var.crawler ? 1 : 0

  name               = "${var.name}-crawler"
  description        = "The crawler: reads raw files, writes tables of its own database."
  assume_role_policy = data.aws_iam_policy_document.glue_trust.json
}

resource "aws_iam_role_policy" "crawler" {
  count = var.crawler ? 1 : 0

  name   = "crawler"
  role   = aws_iam_role.crawler[0].id
  policy = data.aws_iam_policy_document.crawler[0].json
}

data "aws_iam_policy_document" "crawler" {
  count = var.crawler ? 1 : 0

  statement {
    sid       = "ReadRawFiles"
    actions   = ["s3:GetObject"]
    resources = [local.arns.raw]
  }
  statement {
    sid       = "ListRawFiles"
    actions   = ["s3:ListBucket"]
    resources = [local.arns.raw_bucket]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.prefix}/*"]
    }
  }
  statement {
    sid       = "ReadWithTheKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.lake.arn]
  }
  statement {
    sid = "KeepTablesOfItsDatabase"
    actions = [
      "glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:CreateTable", "glue:GetDatabase", "glue:GetPartition",
      "glue:GetPartitions", "glue:GetTable", "glue:GetTables", "glue:UpdatePartition", "glue:UpdateTable",
    ]
    resources = [
      "arn:${local.partition}:glue:${var.region}:${local.account}:catalog",
      aws_glue_catalog_database.raw[0].arn,
      "arn:${local.partition}:glue:${var.region}:${local.account}:table/${aws_glue_catalog_database.raw[0].name}/*",
    ]
  }
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${var.region}:${local.account}:log-group:/aws-glue/crawlers*"]
  }
}

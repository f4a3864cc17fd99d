# The warehouse of the hot days, if there is to be one: what both kinds share. Each kind has its own file.
locals {
  serverless  = var.warehouse.kind == "serverless" && var.vpc != null ? 1 : 0
  provisioned = var.warehouse.kind == "provisioned" && var.vpc != null ? 1 : 0

  # The administrator, whose password Redshift keeps in Secrets Manager. Machines log in by IAM instead.
  warehouse_admin = "dbadmin"

  # The section [redshift] of the configuration.
  warehouse = merge(
    { for key, value in {
      database  = var.warehouse.database
      schema    = var.warehouse.schema
      copy_role = one(aws_iam_role.redshift[*].arn)
      hot_days  = var.warehouse.hot_days
    } : key => value if var.warehouse.kind != "none" },
    { for name in aws_redshiftserverless_workgroup.lake[*].workgroup_name : "workgroup" => name },
    { for name in aws_redshift_cluster.lake[*].cluster_identifier : "cluster" => name },
  )

  # What operator and loader need to log in, for source_policy_documents.
  warehouse_login = data.aws_iam_policy_document.warehouse_login[*].json

  warehouse_logs = toset(["connectionlog", "useractivitylog", "userlog"])
}

resource "aws_security_group" "warehouse" {
  count       = local.serverless + local.provisioned
  name        = "${var.name}-warehouse"
  description = "The warehouse"
  vpc_id      = aws_vpc.lake[0].id

  tags = { Name = "${var.name}-warehouse" }
}

resource "aws_vpc_security_group_ingress_rule" "to_warehouse" {
  for_each          = toset(local.serverless + local.provisioned > 0 ? var.vpc.clients : [])
  security_group_id = aws_security_group.warehouse[0].id
  cidr_ipv4         = each.value
  description       = "Clients of the warehouse"
  ip_protocol       = "tcp"
  from_port         = 5439
  to_port           = 5439
}

# COPY reads the lake as this role, and Spectrum reads it and its catalog.
resource "aws_iam_role" "redshift" {
  count              = var.warehouse.kind == "none" ? 0 : 1
  name               = "${var.name}-redshift"
  description        = "COPY and Spectrum: reads the tables of the lake."
  assume_role_policy = data.aws_iam_policy_document.redshift_trust[0].json

  lifecycle {
    precondition {
      condition     = var.vpc != null
      error_message = "warehouse.kind is \"${var.warehouse.kind}\", but the warehouse is made in this module's network and vpc is null. Set vpc = {}, or warehouse.kind to \"none\"."
    }
  }
}

# Serverless has two principals. AWS documents neither aws:SourceArn nor aws:SourceAccount for this role; a cluster can
# have roles of its own account alone (Management Guide, "Authorizing Amazon Redshift to access AWS services").
data "aws_iam_policy_document" "redshift_trust" {
  count = var.warehouse.kind == "none" ? 0 : 1

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = concat(["redshift.amazonaws.com"], var.warehouse.kind == "serverless" ? ["redshift-serverless.amazonaws.com"] : [])
    }
  }
}

resource "aws_iam_role_policy" "redshift" {
  count  = var.warehouse.kind == "none" ? 0 : 1
  name   = "redshift"
  role   = aws_iam_role.redshift[0].id
  policy = data.aws_iam_policy_document.redshift[0].json
}

data "aws_iam_policy_document" "redshift" {
  count = var.warehouse.kind == "none" ? 0 : 1

  # The tables, and the manifests that load-hot writes. Neither ledgers nor quarantine.
  statement {
    sid       = "ReadTables"
    actions   = ["s3:GetObject"]
    resources = [for folder in local.copied : "${local.arns.processed_bucket}/${folder}/*"]
  }

  statement {
    sid       = "ListTables"
    actions   = ["s3:ListBucket"]
    resources = [local.arns.processed_bucket]
    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = [for folder in local.copied : "${folder}/*"]
    }
  }

  statement {
    sid       = "ReadKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.lake.arn]
  }

  statement {
    sid     = "ReadCatalog"
    actions = ["glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"]
    resources = [
      for name in ["catalog", "database/${var.catalog.database}", "table/${var.catalog.database}/${var.catalog.facts}", "table/${var.catalog.database}/${var.catalog.users}"] :
      "arn:${local.partition}:glue:${var.region}:${local.account}:${name}"
    ]
  }
}

locals {
  copied = [for folder in concat([for table in local.tables : table.folder], ["_loads"]) : "${local.prefix}/${folder}"]
}

# Logging in by IAM, good for 15 minutes each time. The database user is then IAMR:<name of the role>.
data "aws_iam_policy_document" "warehouse_login" {
  count = local.serverless + local.provisioned

  dynamic "statement" {
    for_each = aws_redshiftserverless_workgroup.lake[*].arn
    content {
      sid       = "LogInToWorkgroup"
      actions   = ["redshift-serverless:GetCredentials", "redshift-serverless:GetWorkgroup"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = aws_redshift_cluster.lake[*].cluster_identifier
    content {
      sid       = "LogInToCluster"
      actions   = ["redshift:GetClusterCredentialsWithIAM"]
      resources = ["arn:${local.partition}:redshift:${var.region}:${local.account}:dbname:${statement.value}/${var.warehouse.database}"]
    }
  }

  # On any: AWS's documents disagree on whether it may be narrowed to one cluster.
  dynamic "statement" {
    for_each = aws_redshift_cluster.lake[*].cluster_identifier
    content {
      sid       = "FindCluster"
      actions   = ["redshift:DescribeClusters"]
      resources = ["*"]
    }
  }
}

# Made before the warehouse, which would otherwise make them itself: without the key, and kept for ever.
resource "aws_cloudwatch_log_group" "warehouse" {
  # checkov:skip=CKV_AWS_338: how long logs are kept is keep.logs.
  for_each          = local.serverless + local.provisioned > 0 ? local.warehouse_logs : []
  name              = "/aws/redshift/${local.serverless > 0 ? var.name : "cluster/${var.name}"}/${each.key}"
  retention_in_days = var.keep.logs
  kms_key_id        = aws_kms_key.lake.arn

  depends_on = [aws_kms_key_policy.lake]
}

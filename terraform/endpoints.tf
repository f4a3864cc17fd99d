# Ways from the network to AWS. Policies here are a fence around the account: what a role may do is said beside the role.
resource "aws_vpc_endpoint" "s3" {
  count             = local.network
  vpc_id            = aws_vpc.lake[0].id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.lake[0].id]
  policy            = data.aws_iam_policy_document.s3_endpoint[0].json

  tags = { Name = "${var.name}-s3" }
}

# No bucket of AWS's own: the job's script, library and wheels lie in the processed bucket, and AWS documents buckets of
# its own for Glue's visual jobs alone (aws-glue-studio-transforms-*).
data "aws_iam_policy_document" "s3_endpoint" {
  count = local.network

  statement {
    sid = "BucketsOfThisLake"
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    actions = [
      "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion",
      "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts", "s3:PutObject",
    ]
    resources = flatten([
      for use in ["raw", "processed", "alerts"] : [
        "arn:${local.partition}:s3:::${local.bucket[use]}", "arn:${local.partition}:s3:::${local.bucket[use]}/*",
      ]
    ])
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each            = { for service, prefix in local.endpoints : service => prefix if var.vpc != null }
  vpc_id              = aws_vpc.lake[0].id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = local.subnets
  security_group_ids  = [aws_security_group.endpoints[0].id]
  private_dns_enabled = true
  policy              = data.aws_iam_policy_document.endpoint[each.key].json

  tags = { Name = "${var.name}-${each.key}" }
}

# Every action of the one service, since what Glue and Redshift call on a role's behalf is not documented; but only for
# this account's roles: keys that were brought in from elsewhere carry nothing out.
data "aws_iam_policy_document" "endpoint" {
  for_each = { for service, prefix in local.endpoints : service => prefix if var.vpc != null }

  statement {
    sid = "RolesOfThisAccount"
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    actions   = ["${each.value}:*"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
  }
}

resource "aws_security_group" "endpoints" {
  count       = local.network
  name        = "${var.name}-endpoints"
  description = "Interface endpoints of AWS services"
  vpc_id      = aws_vpc.lake[0].id

  tags = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "to_endpoints" {
  for_each                     = local.callers
  security_group_id            = aws_security_group.endpoints[0].id
  referenced_security_group_id = each.value
  description                  = "From ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

# Who spoke with whom, accepted and refused: CIS asks for it, and a refused packet is the first thing to look for when a
# job hangs.
resource "aws_flow_log" "lake" {
  count           = local.network
  vpc_id          = aws_vpc.lake[0].id
  traffic_type    = "ALL"
  iam_role_arn    = aws_iam_role.flow_log[0].arn
  log_destination = aws_cloudwatch_log_group.flow[0].arn

  tags = { Name = var.name }

  depends_on = [aws_iam_role_policy.flow_log]
}

resource "aws_cloudwatch_log_group" "flow" {
  # checkov:skip=CKV_AWS_338: how long logs are kept is keep.logs.
  count             = local.network
  name              = "/${var.name}/vpc-flow"
  retention_in_days = var.keep.logs
  kms_key_id        = aws_kms_key.lake.arn

  depends_on = [aws_kms_key_policy.lake]
}

resource "aws_iam_role" "flow_log" {
  count              = local.network
  name               = "${var.name}-flow-log"
  description        = "VPC flow logs: writes to its log group."
  assume_role_policy = data.aws_iam_policy_document.flow_log_trust[0].json
}

# VPC User Guide, "IAM role for publishing flow logs to CloudWatch Logs".
data "aws_iam_policy_document" "flow_log_trust" {
  count = local.network

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:ec2:${var.region}:${local.account}:vpc-flow-log/*"]
    }
  }
}

resource "aws_iam_role_policy" "flow_log" {
  count  = local.network
  name   = "flow-log"
  role   = aws_iam_role.flow_log[0].id
  policy = data.aws_iam_policy_document.flow_log[0].json
}

data "aws_iam_policy_document" "flow_log" {
  count = local.network

  statement {
    sid       = "WriteFlows"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [aws_cloudwatch_log_group.flow[0].arn, "${aws_cloudwatch_log_group.flow[0].arn}:log-stream:*"]
  }

  # A list of names, which knows no resources.
  statement {
    sid       = "FindTheGroup"
    actions   = ["logs:DescribeLogGroups"]
    resources = ["*"]
  }
}

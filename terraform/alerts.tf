resource "aws_lambda_function" "alerts" {
  function_name                  = local.function
  description                    = "Scans new raw files for purchases and tells the topic of each, once (clickctl)."
  role                           = aws_iam_role.alerts.arn
  filename                       = "${var.dist}/${local.lambda}"
  source_code_hash               = filebase64sha256("${var.dist}/${local.lambda}")
  handler                        = "lambda_src.handler.handle"
  runtime                        = "python3.12"
  architectures                  = ["arm64"]
  memory_size                    = var.alerts.memory_mb
  timeout                        = var.alerts.timeout_seconds
  reserved_concurrent_executions = var.alerts.concurrency

  environment {
    variables = {
      CLICKCTL_LAKE_RAW               = local.roots.raw
      CLICKCTL_LAKE_ALERTS            = local.roots.alerts
      CLICKCTL_ALERTS_TOPIC           = aws_sns_topic.purchases.arn
      CLICKCTL_ALERTS_ACTION          = var.alerts.action
      CLICKCTL_ALERTS_MAX_MESSAGES    = tostring(var.alerts.max_messages)
      CLICKCTL_QUALITY_ACTIONS        = join(",", local.quality.actions)
      CLICKCTL_QUALITY_NULL_TOKENS    = join(",", local.quality.null_tokens)
      CLICKCTL_QUALITY_MAX_LATENESS   = local.quality.max_lateness
      CLICKCTL_QUALITY_MAX_SKEW       = local.quality.max_skew
      CLICKCTL_QUALITY_MAX_LINE_BYTES = tostring(local.quality.max_line_bytes)
    }
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.dead_letters.arn
  }

  logging_config {
    log_format = "Text" # the function writes its own JSON lines
    log_group  = aws_cloudwatch_log_group.alerts.name
  }

  dynamic "vpc_config" {
    for_each = length(local.subnets) > 0 ? [1] : []
    content {
      subnet_ids         = local.subnets
      security_group_ids = local.work_groups
    }
  }

  lifecycle {
    precondition {
      condition     = contains(var.quality.actions, var.alerts.action) || contains(var.quality.actions, "*")
      error_message = "alerts.action is none of quality.actions, so no line would ever be alerted."
    }
  }

  depends_on = [aws_iam_role_policy.alerts]
}

resource "aws_lambda_function_event_invoke_config" "alerts" {
  function_name                = aws_lambda_function.alerts.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600
}

# Events that the function failed on three times: `clickctl alerts-replay --from-dlq`.
resource "aws_sqs_queue" "dead_letters" {
  name                       = "${var.name}-alerts-dead-letters"
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 300
  sqs_managed_sse_enabled    = true
}

resource "aws_cloudwatch_log_group" "alerts" {
  name              = "/aws/lambda/${local.function}"
  retention_in_days = var.keep.logs
  kms_key_id        = aws_kms_key.lake.arn

  depends_on = [aws_kms_key_policy.lake]
}

resource "aws_cloudwatch_log_metric_filter" "purchases" {
  name           = "purchases"
  log_group_name = aws_cloudwatch_log_group.alerts.name
  pattern        = "{ $.event = \"sent\" && $.alerts > 0 }"

  metric_transformation {
    namespace = "clickctl"
    name      = "Purchases"
    value     = "$.alerts"
    unit      = "Count"
  }
}

resource "aws_sns_topic" "purchases" {
  name              = "${var.name}-purchases"
  kms_master_key_id = aws_kms_key.lake.arn
}

resource "aws_sns_topic_policy" "purchases" {
  arn    = aws_sns_topic.purchases.arn
  policy = data.aws_iam_policy_document.purchases.json
}

# Publishing is the roles' policies' matter; here only what nobody may do.
data "aws_iam_policy_document" "purchases" {
  statement {
    sid    = "NoPlainHttp"
    effect = "Deny"
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    actions   = ["sns:Publish", "sns:Subscribe"]
    resources = [aws_sns_topic.purchases.arn]
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_subscription" "purchases" {
  for_each = toset(var.alerts.emails)

  topic_arn = aws_sns_topic.purchases.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_iam_role" "alerts" {
  name               = "${var.name}-alerts"
  description        = "The alerts function: reads raw files, writes receipts, publishes purchases."
  assume_role_policy = data.aws_iam_policy_document.lambda_trust.json
}

data "aws_iam_policy_document" "lambda_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "alerts" {
  name   = "alerts"
  role   = aws_iam_role.alerts.id
  policy = data.aws_iam_policy_document.alerts.json
}

data "aws_iam_policy_document" "alerts" {
  source_policy_documents = [data.aws_iam_policy_document.key_use["s3"].json, data.aws_iam_policy_document.key_use["sns"].json]

  # Without it a file that is gone is "403" and fails the invocation, with it "404".
  statement {
    sid       = "List"
    actions   = ["s3:ListBucket"]
    resources = [local.arns.raw_bucket, local.arns.alerts_bucket]
    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["${local.prefix}/*"]
    }
  }
  statement {
    sid       = "ReadRawFiles"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = [local.arns.raw]
  }
  statement {
    sid       = "KeepReceipts"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = [local.arns.alerts]
  }
  statement {
    sid       = "TellOfPurchases"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.purchases.arn]
  }
  statement {
    sid       = "KeepWhatFailed" # Lambda fills the queue in the function's name
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.alerts.arn}:*"]
  }

  dynamic "statement" {
    for_each = var.vpc == null ? [] : [1]
    content {
      sid = "MakeInterfaces" # Lambda asks for these on any resource (Lambda Developer Guide, "Giving functions access to a VPC")
      actions = [
        "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
      ]
      resources = ["*"]
    }
  }
}

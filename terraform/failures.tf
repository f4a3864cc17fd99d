# Runs that failed. Glue tells EventBridge of SUCCEEDED, FAILED, TIMEOUT and STOPPED, on a best effort (Glue Developer Guide,
# "Automating AWS Glue with EventBridge"); ERROR is a state of its API. The events are kept: an alarm is but a number.
resource "aws_cloudwatch_event_rule" "failures" {
  name        = "${var.name}-job-failures"
  description = "Runs of ${local.job} that did not succeed."
  event_pattern = jsonencode({
    source        = ["aws.glue"]
    "detail-type" = ["Glue Job State Change"]
    detail        = { jobName = [local.job], state = ["FAILED", "TIMEOUT", "ERROR", "EXPIRED"] }
  })
}

resource "aws_cloudwatch_event_target" "failures" {
  rule = aws_cloudwatch_event_rule.failures.name
  arn  = aws_cloudwatch_log_group.failures.arn

  depends_on = [aws_cloudwatch_log_resource_policy.failures]
}

resource "aws_cloudwatch_log_group" "failures" {
  # checkov:skip=CKV_AWS_338: how long logs are kept is keep.logs; the ledger keeps what failed until it is mended.
  name              = "/aws/events/${var.name}-job-failures"
  retention_in_days = var.keep.logs
  kms_key_id        = aws_kms_key.lake.arn

  depends_on = [aws_kms_key_policy.lake]
}

# EventBridge has no role here, and needs both principals (EventBridge User Guide, "Using resource-based policies", CloudWatch
# Logs permissions; hashicorp/terraform-provider-aws#30388).
resource "aws_cloudwatch_log_resource_policy" "failures" {
  policy_name     = "${var.name}-job-failures"
  policy_document = data.aws_iam_policy_document.failures.json
}

data "aws_iam_policy_document" "failures" {
  statement {
    sid       = "EventsOfFailedRuns"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.failures.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com", "events.amazonaws.com"]
    }
  }
}

# A new raw file → EventBridge → the alerts function. One of two ways, so that each file is told of once.
locals {
  deliveries = "${var.name}-raw-files-not-delivered"
  put_events = ["PutObject", "PostObject", "CopyObject", "CompleteMultipartUpload"]

  patterns = {
    cloudtrail = {
      source        = ["aws.s3"]
      "detail-type" = ["AWS API Call via CloudTrail"]
      detail = {
        eventSource = ["s3.amazonaws.com"]
        eventName   = local.put_events
        errorCode   = [{ exists = false }] # a put that was refused made no file
        requestParameters = {
          bucketName = [local.bucket.raw]
          key        = [{ prefix = "${local.prefix}/" }]
        }
      }
    }
    s3 = {
      source        = ["aws.s3"]
      "detail-type" = ["Object Created"]
      detail = {
        bucket = { name = [local.bucket.raw] }
        object = { key = [{ prefix = "${local.prefix}/" }] }
      }
    }
  }
}

resource "aws_s3_bucket_notification" "raw" {
  count = var.trigger == "s3" ? 1 : 0

  bucket      = aws_s3_bucket.this["raw"].id
  eventbridge = true
}

resource "aws_cloudwatch_event_rule" "raw" {
  name          = "${var.name}-raw-files"
  description   = "New raw files, told by ${var.trigger == "s3" ? "S3" : "CloudTrail"}, for the alerts function."
  event_pattern = jsonencode(local.patterns[var.trigger])
}

resource "aws_cloudwatch_event_target" "alerts" {
  rule = aws_cloudwatch_event_rule.raw.name
  arn  = aws_lambda_function.alerts.arn

  retry_policy {
    maximum_retry_attempts       = 185
    maximum_event_age_in_seconds = 86400
  }
  dead_letter_config {
    arn = aws_sqs_queue.deliveries.arn
  }
}

resource "aws_lambda_permission" "raw" {
  statement_id  = "RawFiles"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.alerts.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.raw.arn
}

# Events that could not be handed to the function at all.
resource "aws_sqs_queue" "deliveries" {
  name                      = local.deliveries
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  policy                    = data.aws_iam_policy_document.deliveries.json
}

data "aws_iam_policy_document" "deliveries" {
  statement {
    sid = "RuleOfRawFiles"
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    actions   = ["sqs:SendMessage"]
    resources = ["arn:${local.partition}:sqs:${var.region}:${local.account}:${local.deliveries}"]
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.raw.arn]
    }
  }
}

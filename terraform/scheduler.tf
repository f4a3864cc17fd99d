locals {
  schedules = merge(
    { hourly = { expression = var.schedules.hourly, arguments = {} } },
    var.workflow ? {} : { nightly = { expression = var.schedules.nightly, arguments = { "--schedule" = "nightly" } } },
  )
}

resource "aws_scheduler_schedule_group" "lake" {
  name = var.name
}

# Each hour after it has closed, and each night the day before, as one compact unit. The job works out which from the
# schedule's own moment, so a run that waits in a queue past midnight still runs the right unit.
resource "aws_scheduler_schedule" "this" {
  for_each = local.schedules

  name                         = "${var.name}-${each.key}"
  group_name                   = aws_scheduler_schedule_group.lake.name
  schedule_expression          = each.value.expression
  schedule_expression_timezone = "UTC"
  state                        = var.schedules.enabled ? "ENABLED" : "DISABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "arn:${local.partition}:scheduler:::aws-sdk:glue:startJobRun"
    role_arn = aws_iam_role.scheduler.arn

    # Scheduler knows its attribute by the angle brackets, which jsonencode would have escaped.
    input = replace(replace(jsonencode({
      JobName   = aws_glue_job.clickstream.name
      Arguments = merge({ "--scheduled-time" = "<aws.scheduler.scheduled-time>" }, each.value.arguments)
    }), "\\u003c", "<"), "\\u003e", ">")

    retry_policy {
      maximum_retry_attempts       = 10
      maximum_event_age_in_seconds = 3600
    }
    dead_letter_config {
      arn = aws_sqs_queue.schedules.arn
    }
  }
}

# Runs that could not be started. `clickctl backfill` does them later: the letters only tell of it.
resource "aws_sqs_queue" "schedules" {
  name                      = "${var.name}-schedules-not-started"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_iam_role" "scheduler" {
  name               = "${var.name}-scheduler"
  description        = "EventBridge Scheduler: starts runs of the job."
  assume_role_policy = data.aws_iam_policy_document.scheduler_trust.json
}

data "aws_iam_policy_document" "scheduler_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_scheduler_schedule_group.lake.arn]
    }
  }
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "scheduler"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "StartRuns"
    actions   = ["glue:StartJobRun"]
    resources = [local.job_arn]
  }
  statement {
    sid       = "KeepWhatCouldNotBeStarted"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.schedules.arn]
  }
}

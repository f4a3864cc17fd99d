# Who is told: CloudWatch publishes, people subscribe by e-mail (each has to confirm it once).
resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.lake.arn
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = toset(var.alarms.emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "AlarmsOfThisLake"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:cloudwatch:${var.region}:${local.account}:alarm:${var.name}-*"]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# An alarm is an entry of these tables: it goes off when the value of a period is over `over`. `run` is the first command, `see` the
# entry of docs/runbook.md. Where names and dimensions of metrics are not ours (docs/data-quality.md, docs/operations.md):
# - AWS/Events: EventBridge User Guide, "Monitoring Amazon EventBridge". TriggeredRules is counted by rule, MatchedEvents is of all
#   rules together; FailedInvocations is sent only where it is not zero.
# - Glue: Glue Developer Guide, "Monitoring with AWS Glue Observability metrics". They need --enable-observability-metrics and a
#   script that makes a GlueContext ("Job monitoring and debugging"). JobRunId ALL is all runs.
# - AWS/SQS: SQS Developer Guide, "Available CloudWatch metrics". AWS/Lambda: Lambda Developer Guide, "Lambda function metrics".
# - AWS/Athena: Athena User Guide, "Monitor Athena query metrics with CloudWatch".
locals {
  usual = { statistic = "Sum", period = 300, periods = 1, missing = "notBreaching", wanted = true }

  services = {
    job-failed = {
      means      = "A run of the Glue job failed or timed out. It fails as well where an hour has no raw files, or another run had its unit."
      run        = "clickctl status --verbose", see = "A Glue job run has failed"
      namespace  = "AWS/Events", metric = "TriggeredRules", over = 0
      dimensions = { RuleName = aws_cloudwatch_event_rule.failures.name }
    }
    job-slow = {
      means      = "A unit took the Glue job more than ${var.alarms.job_minutes} minutes: more data, or too few workers for it (docs/scaling.md)."
      run        = "clickctl dq-report --last 24h --verbose", see = "Costs are up, or runs are slow"
      namespace  = "clickctl", metric = "Seconds", over = var.alarms.job_minutes * 60, statistic = "Maximum"
      dimensions = { JobName = local.job }
    }
    # The metric is 0 up to five times the middle task (skewnessFactor), 1 at ten times, weighted by the stages' durations.
    job-skewed = {
      means      = "A run's longest task took more than ${var.alarms.job_skew} times its middle one: a raw file is much larger than the rest."
      run        = "clickctl dq-report --last 24h --verbose", see = "Costs are up, or runs are slow"
      namespace  = "Glue", metric = "glue.driver.skewness.job", over = max(0, var.alarms.job_skew / 5 - 1), statistic = "Maximum"
      dimensions = { JobName = local.job, JobRunId = "ALL", Type = "gauge", ObservabilityGroup = "job_performance" }
    }
    function-failing = {
      means      = "More calls of the alerts function failed than the three attempts of one event: purchases wait to be told."
      run        = "clickctl doctor", see = "The dead-letter queue fills"
      namespace  = "AWS/Lambda", metric = "Errors", over = 3
      dimensions = { FunctionName = local.function }
    }
    function-throttled = {
      means      = "For a quarter of an hour more raw files came than alerts.concurrency lets the function scan. Lambda tries again for hours."
      run        = "clickctl alerts-replay --dry-run", see = "An alert is missing"
      namespace  = "AWS/Lambda", metric = "Throttles", over = 0, periods = 3
      dimensions = { FunctionName = local.function }
    }
    function-slow = {
      means      = "A call of the alerts function took more than ${var.alarms.function_seconds} s; at ${var.alerts.timeout_seconds} s it is cut off. Files grew, or S3 or SNS are slow."
      run        = "clickctl doctor", see = "An alert is missing"
      namespace  = "AWS/Lambda", metric = "Duration", over = var.alarms.function_seconds * 1000, statistic = "Maximum"
      dimensions = { FunctionName = local.function }
    }
    trigger-failing = {
      means      = "EventBridge could not hand events about raw files to the alerts function: a permission is gone, or the function."
      run        = "clickctl alerts-replay --dry-run", see = "An alert is missing"
      namespace  = "AWS/Events", metric = "FailedInvocations", over = 0
      dimensions = { RuleName = aws_cloudwatch_event_rule.raw.name }
    }
  }

  letters = {
    function-letters = {
      means = "The alerts function gave up on an event after three attempts: its purchases were not told, or not all of them."
      run   = "clickctl alerts-replay --from-dlq --dry-run", see = "The dead-letter queue fills"
      queue = aws_sqs_queue.dead_letters.name
    }
    trigger-letters = {
      means = "EventBridge gave up on handing an event to the alerts function: the file it is about was not scanned."
      run   = "clickctl alerts-replay --dry-run", see = "An alert is missing"
      queue = aws_sqs_queue.deliveries.name
    }
    schedule-letters = {
      means = "A scheduled run of the Glue job could not be started: its hour or day was not run."
      run   = "clickctl status", see = "A Glue job run has failed"
      queue = aws_sqs_queue.schedules.name
    }
  }

  # Of `clickctl dq-report --emit cloudwatch`. What a report could not judge it does not tell, and that is no alarm; a report that is
  # not made any more is one.
  checks = {
    quality = {
      means      = "A check of the data quality report failed, or for some hours no report was made (before the first one, too)."
      run        = "clickctl dq-report --last 24h", see = "dq-report fails"
      dimensions = { Lake = local.lake }
      metric     = "Verdict", over = 1, missing = "breaching" # 0 good, 1 warn, 2 fail
    }
    hour-missing = {
      means      = "An hour that is over has no raw files. It stays until they have come, or the report's range has passed the hour."
      run        = "clickctl status --verbose", see = "An hour is missing"
      dimensions = { Lake = local.lake, Check = "missing" }
      metric     = "Value", over = 0, missing = "missing"
    }
    alert-missing = {
      means      = "Raw files with purchases have no receipt: the event about them was lost, and nobody was told."
      run        = "clickctl alerts-replay --dry-run", see = "An alert is missing"
      dimensions = { Lake = local.lake, Check = "alerts" }
      metric     = "Value", over = 0, missing = "missing"
    }
    load-late = {
      means      = "The warehouse is more than ${var.alarms.load_hours} hours behind the lake: load-hot is not run, or fails."
      run        = "clickctl load-hot --dry-run", see = "Another load is at work, or a load is stuck"
      dimensions = { Lake = local.lake, Check = "newest_load" }
      metric     = "Value", over = var.alarms.load_hours, missing = "missing", wanted = var.warehouse.kind != "none"
    }
  }

  alarms = { for name, alarm in merge(
    { for name, one in local.services : name => merge(local.usual, one) },
    { for name, one in local.letters : name => merge(local.usual, one, {
      namespace  = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", over = 0, statistic = "Maximum"
      dimensions = { QueueName = one.queue }
    }) },
    { for name, one in local.checks : name => merge(local.usual, one, {
      namespace = "clickctl", statistic = "Maximum", period = var.alarms.report_every_hours * 3600
    }) },
  ) : name => alarm if alarm.wanted }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.means} First: ${each.value.run}. Then: docs/runbook.md, \"${each.value.see}\"."
  alarm_actions       = [aws_sns_topic.alarms.arn]
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.over
  treat_missing_data  = each.value.missing
}

# Athena counts by workgroup, type and state of a query: DML scans (CTAS is not counted), and what was cancelled has scanned too.
resource "aws_cloudwatch_metric_alarm" "athena" {
  alarm_name          = "${var.name}-athena-scans"
  alarm_description   = "Queries of the workgroup scanned more than ${var.alarms.athena_gb_a_day} GB in a day; it is billed by the byte. First: clickctl doctor. Then: docs/runbook.md, \"Costs are up, or runs are slow\"."
  alarm_actions       = [aws_sns_topic.alarms.arn]
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.athena_gb_a_day
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "gigabytes"
    expression  = "(FILL(succeeded, 0) + FILL(failed, 0) + FILL(cancelled, 0)) / 1000000000"
    label       = "GB scanned"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = ["succeeded", "failed", "cancelled"]
    content {
      id = metric_query.value
      metric {
        namespace   = "AWS/Athena"
        metric_name = "ProcessedBytes"
        dimensions  = { WorkGroup = aws_athena_workgroup.lake.name, QueryType = "DML", QueryState = upper(metric_query.value) }
        stat        = "Sum"
        period      = 86400
      }
    }
  }
}

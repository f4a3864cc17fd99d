locals {
  # List prices of us-east-1, by the terabyte, the gigabyte-second and the call, for a line to compare: the bill knows your discounts
  # (AWS, "Amazon Athena pricing" and "AWS Lambda pricing").
  athena_dollars = 5
  lambda_dollars = { second = 0.0000166667 * var.alerts.memory_mb / 1024, call = 0.0000002 }

  # What each metric is told by; a metric of a widget begins with its namespace and name, and ends with how it is shown.
  by_job      = ["JobName", local.job]
  by_function = ["FunctionName", local.function]
  by_lake     = ["Lake", local.lake]

  # The dashboard, row by row; widgets of a row share its width. `stat` and `period` hold for the metrics that say nothing else.
  rows = [
    [
      {
        title   = "Runs: rows of the largest commit", stat = "Maximum", period = 3600
        metrics = [for name in ["Lines", "Facts", "Duplicates", "Quarantined"] : concat(["clickctl", name], local.by_job)]
      },
      {
        title = "Runs: seconds of a unit, and skew", stat = "Maximum", period = 3600
        metrics = [
          concat(["clickctl", "Seconds"], local.by_job),
          ["Glue", "glue.driver.skewness.job", "JobName", local.job, "JobRunId", "ALL", "Type", "gauge", "ObservabilityGroup", "job_performance", { label = "skew", yAxis = "right" }],
        ]
      },
      {
        title   = "Runs: DPU-hours a day", stat = "Sum", period = 86400
        metrics = [concat(["clickctl", "DpuHours"], local.by_job)]
      },
      {
        title   = "Runs that failed", stat = "Sum", period = 3600
        metrics = [["AWS/Events", "TriggeredRules", "RuleName", aws_cloudwatch_event_rule.failures.name, { label = "failed" }]]
      },
    ],
    [
      {
        title   = "Alerts: raw files, purchases, messages", stat = "Sum", period = 300
        metrics = [for name in ["Objects", "Alerts", "Messages", "Summaries", "Failed"] : concat(["clickctl", name], local.by_function)]
      },
      {
        title = "Alerts: calls of the function", stat = "Sum", period = 300
        metrics = concat(
          [for name in ["Invocations", "Errors", "Throttles"] : concat(["AWS/Lambda", name], local.by_function)],
          [["AWS/Events", "FailedInvocations", "RuleName", aws_cloudwatch_event_rule.raw.name, { label = "not called" }]],
        )
      },
      {
        title = "Alerts: milliseconds, and calls at once", stat = "Maximum", period = 300
        metrics = [
          concat(["AWS/Lambda", "Duration"], local.by_function),
          concat(["AWS/Lambda", "Duration"], local.by_function, [{ stat = "p50", label = "Duration, middle" }]),
          concat(["AWS/Lambda", "ConcurrentExecutions"], local.by_function, [{ yAxis = "right" }]),
        ]
      },
      {
        title   = "Dead letters", stat = "Maximum", period = 300
        metrics = [for name, one in local.letters : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", one.queue, { label = name }]]
      },
    ],
    [
      {
        title   = "Quality: the whole report (0 good, 1 warn, 2 fail)", stat = "Maximum", period = 3600
        metrics = [concat(["clickctl", "Verdict"], local.by_lake)]
      },
      {
        title   = "Quality: by check", stat = "Maximum", period = 3600
        metrics = [[{ expression = "SEARCH('{clickctl,Check,Lake} MetricName=\"Verdict\" Lake=\"${local.lake}\"', 'Maximum', 3600)", id = "checks" }]]
      },
      {
        title   = "Quality: rows of the report's range", stat = "Maximum", period = 3600
        metrics = [for name in ["Lines", "Facts", "Duplicates", "Quarantined"] : concat(["clickctl", name], local.by_lake)]
      },
      {
        title   = "Quality: hours old, and hours missing", stat = "Maximum", period = 3600
        metrics = [for check in ["newest_event", "newest_commit", "newest_load", "missing"] : concat(["clickctl", "Value"], local.by_lake, ["Check", check, { label = check }])]
      },
    ],
    [
      {
        title   = "Queries: bytes Athena scanned a day", stat = "Sum", period = 86400
        metrics = [[{ expression = local.athena_bytes, id = "bytes", label = "bytes" }]]
      },
      {
        title = "Cost: dollars a day", stat = "Sum", period = 86400
        metrics = [
          concat(["clickctl", "Dollars"], local.by_job, [{ label = "Glue, as the job reckons" }]),
          [{ expression = "${local.athena_bytes} / 1000000000000 * ${local.athena_dollars}", id = "athena", label = "Athena, list price" }],
          concat(["AWS/Lambda", "Duration"], local.by_function, [{ id = "milliseconds", visible = false }]),
          concat(["AWS/Lambda", "Invocations"], local.by_function, [{ id = "calls", visible = false }]),
          [{ expression = "milliseconds / 1000 * ${local.lambda_dollars.second} + calls * ${local.lambda_dollars.call}", id = "lambda", label = "Lambda, list price" }],
        ]
      },
      {
        title   = "Queries: milliseconds of the slowest", stat = "Maximum", period = 3600
        metrics = [for state in ["SUCCEEDED", "FAILED", "CANCELLED"] : ["AWS/Athena", "TotalExecutionTime", "QueryState", state, "QueryType", "DML", "WorkGroup", aws_athena_workgroup.lake.name, { label = lower(state) }]]
      },
    ],
  ]
  athena_bytes = "SUM(SEARCH('{AWS/Athena,QueryState,QueryType,WorkGroup} MetricName=\"ProcessedBytes\" WorkGroup=\"${aws_athena_workgroup.lake.name}\"', 'Sum', 86400))"
  high         = 6
}

resource "aws_cloudwatch_dashboard" "lake" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm", x = 0, y = 0, width = 24, height = 3
        properties = { title = "Alarms", alarms = sort([for alarm in concat(values(aws_cloudwatch_metric_alarm.this), [aws_cloudwatch_metric_alarm.athena]) : alarm.arn]) }
      }],
      flatten([for y, row in local.rows : [for x, widget in row : {
        type       = "metric", x = x * 24 / length(row), y = 3 + y * local.high, width = 24 / length(row), height = local.high
        properties = merge(widget, { region = var.region, view = "timeSeries" })
      }]]),
    )
  })
}

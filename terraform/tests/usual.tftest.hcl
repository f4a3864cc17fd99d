# The promises of a lake that is made with nothing but a region, and of one that keeps things as it is told.
# Each run starts the provider, which takes a second and more: so a run asserts much.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  region = "eu-central-1"
}

run "a_region_is_all_that_is_needed" {
  command = apply

  variables {
    alarms = { emails = ["oncall@example.com"] }
  }

  assert {
    condition     = keys(output.buckets) == ["alerts", "processed", "raw", "trail"]
    error_message = "There are four buckets."
  }
  assert {
    condition     = length(aws_vpc.lake) + length(aws_redshift_cluster.lake) + length(aws_redshiftserverless_workgroup.lake) + length(aws_glue_crawler.raw) + length(aws_glue_workflow.night) == 0
    error_message = "Network, warehouse, crawler and workflow are made only where they are asked for."
  }
  assert {
    condition     = output.clickctl.backend == "aws" && output.clickctl.aws.region == "eu-central-1" && !can(output.clickctl.redshift)
    error_message = "The configuration is of this region, and has no warehouse."
  }

  # Nobody outside reads a bucket.
  assert {
    condition = alltrue([
      for use in keys(output.buckets) :
      aws_s3_bucket_public_access_block.this[use].block_public_acls &&
      aws_s3_bucket_public_access_block.this[use].block_public_policy &&
      aws_s3_bucket_public_access_block.this[use].ignore_public_acls &&
      aws_s3_bucket_public_access_block.this[use].restrict_public_buckets
    ])
    error_message = "Public access is blocked, in all four ways, of every bucket."
  }
  assert {
    condition     = alltrue([for use in keys(output.buckets) : one(aws_s3_bucket_ownership_controls.this[use].rule).object_ownership == "BucketOwnerEnforced"])
    error_message = "No bucket has access lists."
  }
  assert {
    condition     = keys(aws_s3_bucket_policy.this) == keys(output.buckets)
    error_message = "Every bucket has a policy."
  }

  # What is stored is encrypted with the key of the lake.
  assert {
    condition = alltrue([
      for use in keys(output.buckets) : alltrue([
        for rule in aws_s3_bucket_server_side_encryption_configuration.this[use].rule :
        rule.bucket_key_enabled &&
        rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" &&
        rule.apply_server_side_encryption_by_default[0].kms_master_key_id == aws_kms_key.lake.arn
      ])
    ])
    error_message = "Buckets encrypt with the key, by way of a bucket key."
  }
  assert {
    condition     = aws_kms_key.lake.enable_key_rotation && aws_kms_key.lake.deletion_window_in_days == 30
    error_message = "The key is rotated, and can be had back for 30 days."
  }
  assert {
    condition = alltrue([
      for key in [aws_sns_topic.purchases.kms_master_key_id, aws_sns_topic.alarms.kms_master_key_id, aws_cloudwatch_log_group.alerts.kms_key_id, aws_cloudtrail.lake[0].kms_key_id] :
      key == aws_kms_key.lake.arn
    ])
    error_message = "Topics, the function's log and the trail are encrypted with it too."
  }
  assert {
    condition = alltrue(flatten([
      for results in aws_athena_workgroup.lake.configuration[0].result_configuration : [
        for how in results.encryption_configuration : how.encryption_option == "SSE_KMS" && how.kms_key_arn == aws_kms_key.lake.arn
      ]
    ]))
    error_message = "So are the results of queries."
  }

  # Runs queue and end.
  assert {
    condition     = aws_glue_job.clickstream.job_run_queuing_enabled && aws_glue_job.clickstream.max_retries == 0 && aws_glue_job.clickstream.timeout == 120
    error_message = "Runs queue, end after glue.timeout_minutes, and clickctl decides what is run again."
  }
  assert {
    condition     = aws_glue_job.clickstream.execution_property[0].max_concurrent_runs == 6
    error_message = "The job takes two runs more than a backfill has, for the schedules."
  }
  assert {
    condition     = aws_glue_job.clickstream.default_arguments["--enable-metrics"] == "true" && aws_glue_job.clickstream.default_arguments["--enable-observability-metrics"] == "true"
    error_message = "The alarms need the job's metrics."
  }

  # Schedules start the job, and give it only what it lacks.
  assert {
    condition     = { for name, schedule in aws_scheduler_schedule.this : name => schedule.schedule_expression } == { hourly = "cron(7 * * * ? *)", nightly = "cron(40 0 * * ? *)" }
    error_message = "Each hour, and each night."
  }
  assert {
    condition = alltrue([
      for schedule in aws_scheduler_schedule.this :
      length(setintersection(keys(jsondecode(schedule.target[0].input).Arguments), keys(aws_glue_job.clickstream.default_arguments))) == 0 &&
      jsondecode(schedule.target[0].input).Arguments["--scheduled-time"] == "<aws.scheduler.scheduled-time>" &&
      jsondecode(schedule.target[0].input).JobName == aws_glue_job.clickstream.name
    ])
    error_message = "They give the moment they are for, and nothing that the job has."
  }
  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.this : schedule.schedule_expression_timezone == "UTC" && schedule.state == "ENABLED"])
    error_message = "Schedules are in UTC, and on."
  }
  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.this : length(schedule.target[0].dead_letter_config) == 1 && schedule.target[0].retry_policy[0].maximum_retry_attempts > 0])
    error_message = "A run that cannot be started is tried again, and then kept as a letter."
  }

  # An alert that fails is tried again, and then kept.
  assert {
    condition     = aws_lambda_function.alerts.dead_letter_config[0].target_arn == aws_sqs_queue.dead_letters.arn && aws_lambda_function_event_invoke_config.alerts.maximum_retry_attempts == 2
    error_message = "The function has two retries and a dead-letter queue."
  }
  assert {
    condition     = length(aws_cloudwatch_event_target.alerts.dead_letter_config) == 1 && aws_cloudwatch_event_target.alerts.retry_policy[0].maximum_retry_attempts > 0
    error_message = "So has the way to it."
  }
  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.dead_letters, aws_sqs_queue.deliveries, aws_sqs_queue.schedules] : queue.message_retention_seconds == 1209600 && queue.sqs_managed_sse_enabled])
    error_message = "Letters are kept for 14 days, the longest there is, and encrypted."
  }
  assert {
    condition     = aws_lambda_function.alerts.reserved_concurrent_executions == 20 && aws_cloudwatch_log_group.alerts.retention_in_days == 90
    error_message = "It cannot take the account's concurrency, and its log ends."
  }

  # A query cannot leave the workgroup's settings.
  assert {
    condition     = aws_athena_workgroup.lake.configuration[0].enforce_workgroup_configuration && aws_athena_workgroup.lake.configuration[0].bytes_scanned_cutoff_per_query == 100000000000
    error_message = "Settings are enforced, and a query that scans more than athena.cutoff_gb is cancelled."
  }
  assert {
    condition     = aws_athena_workgroup.lake.configuration[0].publish_cloudwatch_metrics_enabled
    error_message = "The alarm on scans needs the metrics."
  }

  # The trail looks at this lake alone.
  assert {
    condition = toset(flatten([
      for selector in aws_cloudtrail.lake[0].advanced_event_selector : [
        for field in selector.field_selector : field.starts_with if field.field == "resources.ARN"
      ]
      ])) == toset([
      "arn:aws:s3:::clickstream-123456789012-eu-central-1-raw/clickstream/",
      "arn:aws:s3:::clickstream-123456789012-eu-central-1-processed/clickstream/",
      "arn:aws:s3:::clickstream-123456789012-eu-central-1-processed/quarantine/",
      "arn:aws:s3:::clickstream-123456789012-eu-central-1-alerts/clickstream/",
    ])
    error_message = "Events of the lake's prefixes, and no others, are recorded and billed."
  }
  assert {
    condition     = aws_cloudtrail.lake[0].enable_log_file_validation
    error_message = "Whether a file of the trail was changed can be told."
  }

  # Whatever goes wrong, somebody is told.
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn])]) && aws_cloudwatch_metric_alarm.athena.alarm_actions == toset([aws_sns_topic.alarms.arn])
    error_message = "Every alarm tells the topic of alarms."
  }
  assert {
    condition     = aws_sns_topic_subscription.alarms["oncall@example.com"].topic_arn == aws_sns_topic.alarms.arn
    error_message = "Who is named gets them by e-mail."
  }
  assert {
    condition     = { for queue in [aws_sqs_queue.dead_letters, aws_sqs_queue.deliveries, aws_sqs_queue.schedules] : queue.name => true } == { for alarm in aws_cloudwatch_metric_alarm.this : alarm.dimensions.QueueName => true if can(alarm.dimensions.QueueName) }
    error_message = "Each queue of letters has its alarm."
  }
}

run "things_are_kept_as_long_as_they_are_to_be" {
  command = plan

  variables {
    keep = { versions = 45, staging = 4, results = 5, quarantine = 60, alerts = 300, trail = 200 }
  }

  assert {
    condition     = alltrue([for use in keys(output.buckets) : aws_s3_bucket_versioning.this[use].versioning_configuration[0].status == "Enabled"])
    error_message = "Every bucket keeps versions."
  }
  assert {
    condition = alltrue([
      for use in keys(output.buckets) : anytrue([
        for rule in aws_s3_bucket_lifecycle_configuration.this[use].rule :
        try(rule.noncurrent_version_expiration[0].noncurrent_days, 0) == 45 && try(rule.abort_incomplete_multipart_upload[0].days_after_initiation, 0) > 0
      ])
    ])
    error_message = "It keeps them for keep.versions days, and clears uploads that were left off."
  }

  # Raw files grow cold and are never deleted.
  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.this["raw"].rule : rule.id =>
      { for step in rule.transition : step.storage_class => step.days } if length(rule.transition) > 0
    } == { "old-raw-files" = { STANDARD_IA = 30, GLACIER_IR = 90 } }
    error_message = "Raw files go to Standard-IA after 30 days, to Glacier after 90."
  }
  assert {
    condition     = alltrue(flatten([for rule in aws_s3_bucket_lifecycle_configuration.this["raw"].rule : [for end in rule.expiration : end.days == 0]]))
    error_message = "No rule deletes a raw file."
  }

  # What is temporary goes by itself.
  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.this["processed"].rule : rule.filter[0].prefix => rule.expiration[0].days
      if try(rule.expiration[0].days, 0) > 0
    } == { "clickstream/_staging/" = 4, "athena-results/" = 5, "quarantine/" = 60 }
    error_message = "Staging, results and quarantine go; facts, users and the ledger stay."
  }
  assert {
    condition = {
      for use in ["alerts", "trail"] : use => one(flatten([
        for rule in aws_s3_bucket_lifecycle_configuration.this[use].rule : [for end in rule.expiration : end.days if end.days > 0]
      ]))
    } == { alerts = 300, trail = 200 }
    error_message = "Receipts and the trail go when keep says."
  }
}

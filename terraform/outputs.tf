output "clickctl" {
  description = "The configuration: `clickctl init --from-terraform` writes it."
  value = merge(
    {
      backend = "aws"
      aws     = { region = var.region }
      lake    = local.roots
      quality = local.quality
      job     = { target_file_mb = var.glue.target_file_mb }
      glue = {
        job                  = aws_glue_job.clickstream.name
        worker_type          = var.glue.worker_type
        workers              = var.glue.workers
        max_concurrent_runs  = var.glue.max_concurrent_runs
        timeout_minutes      = var.glue.timeout_minutes
        dollars_per_dpu_hour = var.glue.dollars_per_dpu_hour
      }
      catalog = {
        database   = aws_glue_catalog_database.lake.name
        facts      = var.catalog.facts
        users      = var.catalog.users
        users_view = var.catalog.view
      }
      athena = {
        workgroup   = aws_athena_workgroup.lake.name
        max_scan_gb = var.athena.cutoff_gb
      }
      alerts = {
        action       = var.alerts.action
        topic        = aws_sns_topic.purchases.arn
        function     = aws_lambda_function.alerts.function_name
        dead_letters = aws_sqs_queue.dead_letters.arn
        max_messages = var.alerts.max_messages
      }
    },
    { for section, value in { redshift = local.warehouse } : section => value if var.warehouse.kind != "none" },
  )
}

output "roles" {
  description = "Roles to assume: operator on call, loader from cron, analyst, producer of raw files."
  value = {
    operator = aws_iam_role.operator.arn
    loader   = aws_iam_role.loader.arn
    analyst  = aws_iam_role.analyst.arn
    producer = aws_iam_role.producer.arn
  }
}

output "buckets" {
  description = "Names of the buckets by their use."
  value       = { for use, bucket in aws_s3_bucket.this : use => bucket.id }
}

output "key" {
  description = "ARN of the key of the lake."
  value       = aws_kms_key.lake.arn
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.lake.dashboard_name
}

# What else can be asked for: several things a run, since each run starts the provider.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  region = "eu-central-1"
}

run "cloudtrail_tells_of_raw_files" {
  command = plan

  variables {
    audit = false
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.raw.event_pattern)["detail-type"] == ["AWS API Call via CloudTrail"]
    error_message = "The rule takes what CloudTrail tells."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.raw.event_pattern).detail.requestParameters == { bucketName = [local.bucket.raw], key = [{ prefix = "clickstream/" }] }
    error_message = "Of raw files of this lake alone."
  }
  assert {
    condition     = length(aws_cloudtrail.lake) == 1 && length(aws_s3_bucket_notification.raw) == 0 && length(aws_cloudtrail.lake[0].advanced_event_selector) == 1
    error_message = "The trail is there for the raw files alone, where nothing is audited."
  }
}

run "s3_tells_of_raw_files_and_no_trail_is_needed" {
  command = plan

  variables {
    trigger = "s3"
    audit   = false
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.raw.event_pattern)["detail-type"] == ["Object Created"]
    error_message = "The rule takes what S3 tells."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.raw.event_pattern).detail == { bucket = { name = [local.bucket.raw] }, object = { key = [{ prefix = "clickstream/" }] } }
    error_message = "Of raw files of this lake alone."
  }
  assert {
    condition     = aws_s3_bucket_notification.raw[0].eventbridge && length(aws_cloudtrail.lake) == 0 && contains(keys(aws_s3_bucket.this), "trail")
    error_message = "S3 sends its events to EventBridge; without an audit there is no trail, and what one had kept stays."
  }
}

run "s3_tells_the_trail_audits_and_the_night_is_a_workflow" {
  command = plan

  variables {
    trigger   = "s3"
    workflow  = true
    crawler   = true
    schedules = { enabled = false }
    name      = "second"
    catalog   = { database = "shop", facts = "clicks", users = "people", view = "latest" }
  }

  assert {
    condition     = length(aws_cloudtrail.lake[0].advanced_event_selector) == 1 && !strcontains(jsonencode(aws_cloudtrail.lake[0].advanced_event_selector), local.bucket.raw)
    error_message = "What S3 tells of is not recorded, and paid, a second time."
  }
  assert {
    condition     = keys(aws_scheduler_schedule.this) == ["hourly"]
    error_message = "The night is not run twice."
  }
  assert {
    condition     = one(aws_glue_trigger.night[0].actions).job_name == aws_glue_job.clickstream.name && one(aws_glue_trigger.crawl[0].actions).crawler_name == aws_glue_crawler.raw[0].name
    error_message = "The workflow runs the job, then the crawler."
  }
  assert {
    condition     = aws_glue_crawler.raw[0].database_name != aws_glue_catalog_database.lake.name
    error_message = "The crawler has a database of its own, and cannot change the lake's tables."
  }
  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.this : schedule.state == "DISABLED"])
    error_message = "A stopped schedule starts nothing."
  }
  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.this : startswith(bucket.bucket, "second-123456789012-eu-central-1-")]) && aws_glue_job.clickstream.name == "second" && aws_athena_workgroup.lake.name == "second"
    error_message = "Names begin with var.name."
  }
  assert {
    condition     = output.clickctl.catalog == { database = "shop", facts = "clicks", users = "people", users_view = "latest" }
    error_message = "The configuration has the names of the catalog."
  }
  assert {
    condition     = { for use, table in aws_glue_catalog_table.this : use => "${table.database_name}.${table.name}" } == { facts = "shop.clicks", users = "shop.people" }
    error_message = "So has the catalog."
  }
}

run "everything_runs_in_a_closed_network_with_serverless_beside_it" {
  command = apply

  variables {
    vpc       = { clients = ["10.0.0.0/8"] }
    warehouse = { kind = "serverless", rpu_hours = 40, hot_days = 10 }
  }

  assert {
    condition     = length(aws_subnet.lake) == 3 && alltrue([for subnet in aws_subnet.lake : subnet.map_public_ip_on_launch != true])
    error_message = "A subnet for each zone, without public addresses."
  }
  assert {
    condition     = length(setsubtract(["glue", "kms", "logs", "sts"], keys(aws_vpc_endpoint.interface))) == 0 && aws_vpc_endpoint.s3[0].vpc_endpoint_type == "Gateway"
    error_message = "Endpoints stand for S3, Glue, STS, CloudWatch Logs and KMS."
  }
  assert {
    condition     = toset(aws_glue_job.clickstream.connections) == toset(aws_glue_connection.vpc[*].name) && length(aws_lambda_function.alerts.vpc_config[0].subnet_ids) > 0
    error_message = "Job and function run in it."
  }
  assert {
    condition     = aws_glue_job.clickstream.default_arguments["--python-modules-installer-option"] == "--no-index" && !strcontains(aws_glue_job.clickstream.default_arguments["--additional-python-modules"], "==")
    error_message = "The job asks no package index."
  }

  # The warehouse is closed, limited, and reached by TLS alone.
  assert {
    condition     = length(aws_redshift_cluster.lake) == 0 && output.clickctl.redshift.workgroup == "clickstream" && output.clickctl.redshift.hot_days == 10
    error_message = "The configuration names the workgroup."
  }
  assert {
    condition     = !aws_redshiftserverless_workgroup.lake[0].publicly_accessible && aws_redshiftserverless_workgroup.lake[0].enhanced_vpc_routing
    error_message = "It is closed, and its traffic stays in the network."
  }
  assert {
    condition     = one([for set in aws_redshiftserverless_workgroup.lake[0].config_parameter : set.parameter_value if set.parameter_key == "require_ssl"]) == "true"
    error_message = "Logins need TLS."
  }
  assert {
    condition     = aws_redshiftserverless_usage_limit.compute[0].amount == 40 && aws_redshiftserverless_usage_limit.compute[0].breach_action == "deactivate"
    error_message = "A day has at most warehouse.rpu_hours."
  }
  assert {
    condition     = aws_redshiftserverless_namespace.lake[0].kms_key_id == aws_kms_key.lake.arn && aws_redshiftserverless_namespace.lake[0].manage_admin_password
    error_message = "It is encrypted with the key, and nobody knows its password."
  }
  assert {
    condition     = keys(aws_vpc_security_group_ingress_rule.to_warehouse) == ["10.0.0.0/8"]
    error_message = "It is reached from vpc.clients alone."
  }
}

run "a_cluster_stops_queries_that_run_away" {
  command = plan

  variables {
    vpc       = { zones = 2 }
    warehouse = { kind = "provisioned", query_seconds = 1800, spectrum_tb = 2 }
  }

  assert {
    condition     = length(aws_redshiftserverless_workgroup.lake) == 0 && output.clickctl.redshift.cluster == "clickstream"
    error_message = "The configuration names the cluster."
  }
  assert {
    condition     = aws_redshift_cluster.lake[0].encrypted && !aws_redshift_cluster.lake[0].publicly_accessible && aws_redshift_cluster.lake[0].enhanced_vpc_routing && aws_redshift_cluster.lake[0].manage_master_password
    error_message = "It is encrypted and closed, its traffic stays in the network, and nobody knows its password."
  }
  assert {
    condition     = contains([for set in aws_redshift_parameter_group.lake[0].parameter : "${set.name}=${set.value}"], "require_ssl=true")
    error_message = "Logins need TLS."
  }
  assert {
    condition = anytrue(flatten([
      for set in aws_redshift_parameter_group.lake[0].parameter : [
        for queue in jsondecode(set.value) : [
          for rule in try(queue.rules, []) : rule.action == "abort" && rule.predicate[0].metric_name == "query_execution_time" && rule.predicate[0].value == 1800
        ]
      ] if set.name == "wlm_json_configuration"
    ]))
    error_message = "A query that runs longer than warehouse.query_seconds is stopped."
  }
  assert {
    condition     = aws_redshift_usage_limit.lake["spectrum"].amount == 2 && aws_redshift_usage_limit.lake["spectrum"].breach_action == "disable"
    error_message = "Spectrum stops for the day at warehouse.spectrum_tb."
  }
}

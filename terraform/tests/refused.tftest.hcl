# Mistakes are refused before anything is made: in each run one of several variables, since each run starts the provider.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  region = "eu-central-1"
}

run "mistakes_of_form" {
  command = plan

  variables {
    region     = "Frankfurt"
    name       = "Clickstream_1"
    quality    = { actions = [] }
    trigger    = "sqs"
    alerts     = { timeout_seconds = 1000 }
    glue       = { version = "4.0" }
    schedules  = { hourly = "7 * * * *" }
    catalog    = { facts = "Fact-Clicks" }
    athena     = { cutoff_gb = 0.001 }
    warehouse  = { kind = "spectrum" }
    vpc        = { cidr = "10.0.0.0/8" }
    principals = { operators = ["*"] }
    keep       = { results = 0 }
    alarms     = { report_every_hours = 200 }
  }

  expect_failures = [
    var.region,
    var.name,
    var.quality,
    var.trigger,
    var.alerts,
    var.glue,
    var.schedules,
    var.catalog,
    var.athena,
    var.warehouse,
    var.vpc,
    var.principals,
    var.keep,
    var.alarms,
  ]
}

run "limits_that_aws_does_not_have" {
  command = plan

  variables {
    alerts    = { max_messages = 0 }
    quality   = { max_line_bytes = 10 }
    glue      = { worker_type = "Standard" }
    catalog   = { years = [2040, 2020] }
    warehouse = { hot_days = 31 }
    vpc       = { zones = 1 }
    keep      = { logs = 100 }
  }

  expect_failures = [
    var.alerts,
    var.quality,
    var.glue,
    var.catalog,
    var.warehouse,
    var.vpc,
    var.keep,
  ]
}

run "names_that_clash_or_cannot_be" {
  command = plan

  variables {
    quality   = { null_tokens = ["a,b"] }
    glue      = { workers = 1 }
    catalog   = { facts = "users" }
    warehouse = { database = "Clicks" }
    vpc       = { clients = ["everyone"] }
  }

  expect_failures = [
    var.quality,
    var.glue,
    var.catalog,
    var.warehouse,
    var.vpc,
  ]
}

run "halves_and_words_for_numbers" {
  command = plan

  variables {
    quality   = { max_lateness = "a week" }
    glue      = { target_file_mb = 1024 }
    warehouse = { nodes = 1.5 }
    keep      = { staging = 2.5 }
  }

  expect_failures = [
    var.quality,
    var.glue,
    var.warehouse,
    var.keep,
  ]
}

# What only together is a mistake.
run "an_unknown_action_missing_wheels_and_too_few_zones" {
  command = plan

  variables {
    alerts    = { action = "buy" }
    glue      = { python_modules = ["msgspec==0.0.0"] }
    vpc       = { zones = 2 }
    warehouse = { kind = "serverless" }
  }

  expect_failures = [aws_glue_job.clickstream, aws_lambda_function.alerts, aws_redshiftserverless_workgroup.lake]
}

run "a_warehouse_without_a_network" {
  command = plan

  variables {
    warehouse = { kind = "provisioned" }
  }

  expect_failures = [aws_iam_role.redshift]
}

run "capacity_that_is_not_sold" {
  command = plan

  variables {
    vpc       = {}
    warehouse = { kind = "serverless", base_rpus = 10 }
  }

  expect_failures = [aws_redshiftserverless_workgroup.lake]
}

run "more_zones_than_there_are" {
  command = plan

  variables {
    vpc = { zones = 4 }
  }

  expect_failures = [data.aws_availability_zones.open]
}

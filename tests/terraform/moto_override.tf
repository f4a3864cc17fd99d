# Lies over the module where it is applied against moto's server. What is ignored here is what moto does not tell again:
# it is as the module says only when it is made. tests/terraform/imitation.py has the rest of what moto lacks.
provider "aws" {
  s3_use_path_style       = true
  max_retries             = 2 # what moto cannot do is told at once
  skip_metadata_api_check = true
}

# GetJob tells no JobRunQueuingEnabled.
resource "aws_glue_job" "clickstream" {
  lifecycle {
    ignore_changes = [job_run_queuing_enabled]
  }
}

# GetFunction tells neither DeadLetterConfig nor LoggingConfig.
resource "aws_lambda_function" "alerts" {
  lifecycle {
    ignore_changes = [dead_letter_config, logging_config]
  }
}

# GetBucketNotificationConfiguration tells no EventBridgeConfiguration.
resource "aws_s3_bucket_notification" "raw" {
  lifecycle {
    ignore_changes = [eventbridge]
  }
}

# GetConnection tells no ConnectionType.
resource "aws_glue_connection" "vpc" {
  lifecycle {
    ignore_changes = [connection_type]
  }
}

# DescribeSecurityGroupRules tells no Description of a rule that is about a group or a prefix list.
resource "aws_vpc_security_group_ingress_rule" "between_workers" {
  lifecycle {
    ignore_changes = [description]
  }
}

resource "aws_vpc_security_group_ingress_rule" "to_endpoints" {
  lifecycle {
    ignore_changes = [description]
  }
}

resource "aws_vpc_security_group_egress_rule" "between_workers" {
  lifecycle {
    ignore_changes = [description]
  }
}

resource "aws_vpc_security_group_egress_rule" "to_endpoints" {
  lifecycle {
    ignore_changes = [description]
  }
}

resource "aws_vpc_security_group_egress_rule" "to_s3" {
  lifecycle {
    ignore_changes = [description]
  }
}

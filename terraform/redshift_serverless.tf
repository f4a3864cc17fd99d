resource "aws_redshiftserverless_namespace" "lake" {
  count                            = local.serverless
  namespace_name                   = var.name
  db_name                          = var.warehouse.database
  admin_username                   = local.warehouse_admin
  manage_admin_password            = true
  admin_password_secret_kms_key_id = aws_kms_key.lake.arn
  kms_key_id                       = aws_kms_key.lake.arn
  iam_roles                        = aws_iam_role.redshift[*].arn
  default_iam_role_arn             = aws_iam_role.redshift[0].arn
  log_exports                      = local.warehouse_logs

  depends_on = [aws_cloudwatch_log_group.warehouse, aws_iam_role_policy.redshift, aws_kms_key_policy.lake]
}

resource "aws_redshiftserverless_workgroup" "lake" {
  count                = local.serverless
  workgroup_name       = var.name
  namespace_name       = aws_redshiftserverless_namespace.lake[0].namespace_name
  base_capacity        = var.warehouse.base_rpus
  max_capacity         = min(var.warehouse.base_rpus * 4, 1024) # bounds an hour; the usage limit bounds the day
  subnet_ids           = local.subnets
  security_group_ids   = aws_security_group.warehouse[*].id
  publicly_accessible  = false
  enhanced_vpc_routing = true

  # Redshift fills in what is not said, and the provider would then plan to take it out again, each time: so all nine are
  # said. Those that are not about TLS, logging or time are Redshift's own defaults.
  dynamic "config_parameter" {
    for_each = {
      auto_mv                          = "true"
      datestyle                        = "ISO, MDY"
      enable_case_sensitive_identifier = "false"
      enable_user_activity_logging     = "true"
      max_query_execution_time         = tostring(var.warehouse.query_seconds)
      query_group                      = "default"
      require_ssl                      = "true"
      search_path                      = "$user, public"
      use_fips_ssl                     = "false"
    }
    content {
      parameter_key   = config_parameter.key
      parameter_value = config_parameter.value
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.subnets) >= 3
      error_message = "vpc.zones is ${length(local.subnets)}, but Redshift Serverless with enhanced VPC routing needs subnets in three zones. Set vpc.zones = 3, or warehouse.kind = \"provisioned\"."
    }
    precondition {
      condition     = var.warehouse.base_rpus == 4 || var.warehouse.base_rpus >= 8 && var.warehouse.base_rpus % 8 == 0
      error_message = "warehouse.base_rpus is 4, or a multiple of 8."
    }
  }

  depends_on = [aws_vpc_endpoint.interface, aws_vpc_security_group_egress_rule.to_s3, aws_vpc_security_group_egress_rule.to_endpoints]
}

# The day's compute. Scans of the lake are compute here too: Serverless has no limit, and no bill, of Spectrum's own.
resource "aws_redshiftserverless_usage_limit" "compute" {
  count         = local.serverless
  resource_arn  = aws_redshiftserverless_workgroup.lake[0].arn
  usage_type    = "serverless-compute"
  amount        = var.warehouse.rpu_hours
  period        = "daily"
  breach_action = "deactivate" # queries end until the next day (UTC), load-hot's too
}

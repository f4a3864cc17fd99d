locals {
  # Automatic WLM: the loader's queue, then everybody's, then room for short queries. In names and groups capitals and
  # blanks are left out: the provider compares the text in lower case.
  wlm = [
    {
      name                  = "load_hot"
      user_group            = ["load_hot"]
      user_group_wild_card  = 0
      query_group           = []
      query_group_wild_card = 0
      concurrency_scaling   = "off"
      priority              = "high"
      queue_type            = "auto"
      # Logged, not stopped: rules do not stop COPY anyway, and an INSERT that is stopped is only sent again.
      rules = [local.wlm_rules.slow_load]
    },
    {
      name                  = "everybody"
      user_group            = []
      user_group_wild_card  = 0
      query_group           = []
      query_group_wild_card = 0
      concurrency_scaling   = "off"
      priority              = "normal"
      queue_type            = "auto"
      auto_wlm              = true
      rules                 = [local.wlm_rules.too_long, local.wlm_rules.large_scan, local.wlm_rules.nested_loop, local.wlm_rules.many_rows]
    },
    { short_query_queue = true },
  ]

  # Rule => metric, what it may not exceed, what happens then. Rows: the thresholds of Redshift's own templates.
  wlm_limits = {
    slow_load   = ["query_execution_time", var.warehouse.query_seconds, "log"]
    too_long    = ["query_execution_time", var.warehouse.query_seconds, "abort"]
    large_scan  = ["spectrum_scan_size_mb", floor(var.warehouse.spectrum_tb * 1048576 / 4), "abort"] # a quarter of the day's
    nested_loop = ["nested_loop_join_row_count", 100, "log"]
    many_rows   = ["return_row_count", 1000000, "log"]
  }
  wlm_rules = { for name, limit in local.wlm_limits : name => {
    rule_name = name
    predicate = [{ metric_name = limit[0], operator = ">", value = limit[1] }]
    action    = limit[2]
  } }

  # What happens at the day's limit is that the feature is off until the next (UTC).
  usage_limits = {
    spectrum            = { type = "data-scanned", amount = var.warehouse.spectrum_tb } # TB
    concurrency-scaling = { type = "time", amount = 60 }                                # minutes; no queue uses it now
  }
}

resource "aws_redshift_subnet_group" "lake" {
  count       = local.provisioned
  name        = var.name
  description = "Subnets without a way to the internet"
  subnet_ids  = local.subnets
}

resource "aws_redshift_parameter_group" "lake" {
  count       = local.provisioned
  name        = var.name
  description = "TLS, logging of queries, queues and their rules"
  family      = "redshift-2.0"

  parameter {
    name  = "require_ssl"
    value = "true"
  }
  parameter {
    name  = "enable_user_activity_logging"
    value = "true"
  }
  parameter {
    name  = "wlm_json_configuration"
    value = jsonencode(local.wlm)
  }
}

resource "aws_redshift_cluster" "lake" {
  count                               = local.provisioned
  cluster_identifier                  = var.name
  database_name                       = var.warehouse.database
  node_type                           = var.warehouse.node_type
  cluster_type                        = var.warehouse.nodes > 1 ? "multi-node" : "single-node"
  number_of_nodes                     = var.warehouse.nodes
  master_username                     = local.warehouse_admin
  manage_master_password              = true
  master_password_secret_kms_key_id   = aws_kms_key.lake.arn
  encrypted                           = true
  kms_key_id                          = aws_kms_key.lake.arn
  iam_roles                           = aws_iam_role.redshift[*].arn
  default_iam_role_arn                = aws_iam_role.redshift[0].arn
  cluster_subnet_group_name           = aws_redshift_subnet_group.lake[0].name
  cluster_parameter_group_name        = aws_redshift_parameter_group.lake[0].name
  vpc_security_group_ids              = aws_security_group.warehouse[*].id
  publicly_accessible                 = false
  enhanced_vpc_routing                = true
  allow_version_upgrade               = true
  automated_snapshot_retention_period = 7
  skip_final_snapshot                 = var.force_destroy
  final_snapshot_identifier           = var.force_destroy ? null : "${var.name}-final"

  depends_on = [
    aws_iam_role_policy.redshift, aws_kms_key_policy.lake, aws_vpc_endpoint.interface,
    aws_vpc_security_group_egress_rule.to_endpoints, aws_vpc_security_group_egress_rule.to_s3,
  ]
}

resource "aws_redshift_logging" "lake" {
  count                = local.provisioned
  cluster_identifier   = aws_redshift_cluster.lake[0].cluster_identifier
  log_destination_type = "cloudwatch"
  log_exports          = local.warehouse_logs

  depends_on = [aws_cloudwatch_log_group.warehouse]
}

resource "aws_redshift_usage_limit" "lake" {
  for_each           = local.provisioned > 0 ? local.usage_limits : {}
  cluster_identifier = aws_redshift_cluster.lake[0].cluster_identifier
  feature_type       = each.key
  limit_type         = each.value.type
  amount             = each.value.amount
  period             = "daily"
  breach_action      = "disable"
}

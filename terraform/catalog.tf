locals {
  # As in clickctl/plan/tables.py, which repairs what differs: a test compares the two.
  tables = {
    facts = {
      name   = var.catalog.facts
      folder = "fact_clicks"
      columns = [
        ["click_id", "string"], ["event_time", "timestamp"], ["user_id", "string"], ["session_id", "string"],
        ["action", "string"], ["page_url", "string"], ["attrs", "string"],
      ]
    }
    users = {
      name   = var.catalog.users
      folder = "dim_users"
      columns = [
        ["user_id", "string"], ["first_seen", "timestamp"], ["last_seen", "timestamp"], ["user_agent", "string"], ["ip", "string"],
      ]
    }
  }
  default_database = "arn:${local.partition}:glue:${var.region}:${local.account}:database/default"
  catalog_arns = [
    "arn:${local.partition}:glue:${var.region}:${local.account}:catalog",
    "arn:${local.partition}:glue:${var.region}:${local.account}:database/${var.catalog.database}",
    "arn:${local.partition}:glue:${var.region}:${local.account}:table/${var.catalog.database}/*",
  ]
}

resource "aws_glue_catalog_database" "lake" {
  name         = var.catalog.database
  description  = "The clickstream lake: facts, users, and the view with a row for each user."
  location_uri = "${local.roots.processed}/"
}

# Athena projects the partitions; Spectrum reads those that `clickctl register-partitions` registers. The view `users` is
# its work too. It may add columns and widen the projected years, which Terraform leaves as they are.
resource "aws_glue_catalog_table" "this" {
  for_each = local.tables

  database_name = aws_glue_catalog_database.lake.name
  name          = each.value.name
  table_type    = "EXTERNAL_TABLE"

  parameters = {
    "EXTERNAL"                  = "TRUE"
    "classification"            = "parquet"
    "parquet.compression"       = "SNAPPY"
    "projection.enabled"        = "true"
    "projection.year.type"      = "integer"
    "projection.year.digits"    = "4"
    "projection.year.range"     = join(",", var.catalog.years)
    "projection.month.type"     = "integer"
    "projection.month.digits"   = "2"
    "projection.month.range"    = "1,12"
    "projection.day.type"       = "integer"
    "projection.day.digits"     = "2"
    "projection.day.range"      = "1,31"
    "storage.location.template" = "${local.roots.processed}/${each.value.folder}/year=$${year}/month=$${month}/day=$${day}/"
  }

  dynamic "partition_keys" {
    for_each = ["year", "month", "day"]
    content {
      name = partition_keys.value
      type = "string"
    }
  }

  storage_descriptor {
    location      = "${local.roots.processed}/${each.value.folder}/"
    input_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters            = { "serialization.format" = "1" }
    }

    dynamic "columns" {
      for_each = each.value.columns
      content {
        name = columns.value[0]
        type = columns.value[1]
      }
    }
  }

  lifecycle {
    ignore_changes = [parameters["projection.year.range"], storage_descriptor[0].columns]
  }
}

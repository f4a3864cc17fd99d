locals {

  # What goes by itself: bucket => prefix => days. Receipts tell what was sent: a replay of a range whose receipts are gone sends again.
  expiring = {
    raw = {}
    processed = {
      "${local.prefix}/_staging/" = var.keep.staging
      "quarantine/"               = var.keep.quarantine
      "${local.results}/"         = var.keep.results
    }
    alerts = { "${local.prefix}/" = var.keep.alerts }
    trail  = { "" = var.keep.trail }
  }
}

resource "aws_s3_bucket" "this" {
  for_each = local.bucket

  bucket        = each.value
  force_destroy = var.force_destroy

  # A destroy that stops at a bucket with something in it must not have scheduled the key's deletion by then.
  depends_on = [aws_kms_key.lake]
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.lake.arn
    }
  }
}

# A raw file, a ledger or a receipt that was overwritten or deleted by mistake can be had back for keep.versions days.
resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket                                 = each.value.id
  transition_default_minimum_object_size = "all_storage_classes_128K"

  rule {
    id     = "leftovers"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
    noncurrent_version_expiration {
      noncurrent_days = var.keep.versions
    }
    expiration {
      expired_object_delete_marker = true
    }
  }

  # Glacier Instant Retrieval, not Flexible: a rerun of an old hour reads its raw files at once (docs/decisions/0022).
  dynamic "rule" {
    for_each = each.key == "raw" ? [1] : []
    content {
      id     = "old-raw-files"
      status = "Enabled"

      filter {
        prefix = "${local.prefix}/"
      }
      transition {
        days          = 30
        storage_class = "STANDARD_IA"
      }
      transition {
        days          = 90
        storage_class = "GLACIER_IR"
      }
    }
  }

  # Each commit puts its files there and moves them on, and each query leaves a result: nobody will want these back.
  dynamic "rule" {
    for_each = each.key == "processed" ? { staging = "${local.prefix}/_staging/", results = "${local.results}/" } : {}
    content {
      id     = "forget-${rule.key}"
      status = "Enabled"

      filter {
        prefix = rule.value
      }
      noncurrent_version_expiration {
        noncurrent_days = 1
      }
    }
  }

  dynamic "rule" {
    for_each = local.expiring[each.key]
    content {
      id     = "expire-${rule.key == "" ? "all" : replace(trim(rule.key, "/"), "/[^a-z-]+/", "-")}"
      status = "Enabled"

      filter {
        prefix = rule.key
      }
      expiration {
        days = rule.value
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  depends_on = [aws_s3_bucket_public_access_block.this]
}

data "aws_iam_policy_document" "bucket" {
  for_each = local.bucket

  source_policy_documents = each.key == "trail" ? [data.aws_iam_policy_document.trail_bucket.json] : []

  dynamic "statement" {
    for_each = {
      NoPlainHttp = { test = "Bool", variable = "aws:SecureTransport", values = ["false"] }
      NoOldTls    = { test = "NumericLessThan", variable = "s3:TlsVersion", values = ["1.2"] }
    }
    content {
      sid    = statement.key
      effect = "Deny"
      principals {
        type        = "*"
        identifiers = ["*"]
      }
      actions   = ["s3:*"]
      resources = ["arn:${local.partition}:s3:::${local.bucket[each.key]}", "arn:${local.partition}:s3:::${local.bucket[each.key]}/*"]
      condition {
        test     = statement.value.test
        variable = statement.value.variable
        values   = statement.value.values
      }
    }
  }
}

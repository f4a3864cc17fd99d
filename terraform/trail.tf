# CloudTrail writes what was done with the objects: new raw files tell the alerts function, the rest is the audit.
locals {
  trail     = var.trigger == "cloudtrail" || var.audit
  trail_arn = "arn:${local.partition}:cloudtrail:${var.region}:${local.account}:trail/${var.name}"

  selectors = merge(
    var.trigger == "cloudtrail" ? {
      "New raw files" = {
        starts_with = [trimsuffix(local.arns.raw, "*")]
        events      = local.put_events
      }
    } : {},
    var.audit ? {
      "Reads and writes of rows, quarantine and receipts" = {
        starts_with = [for name in ["processed", "quarantine", "alerts"] : trimsuffix(local.arns[name], "*")]
        events      = []
      }
    } : {},
  )
}

resource "aws_cloudtrail" "lake" {
  count = local.trail ? 1 : 0

  name                       = var.name
  s3_bucket_name             = aws_s3_bucket.this["trail"].id
  kms_key_id                 = aws_kms_key.lake.arn
  enable_log_file_validation = true

  dynamic "advanced_event_selector" {
    for_each = local.selectors
    content {
      name = advanced_event_selector.key

      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }
      field_selector {
        field  = "resources.type"
        equals = ["AWS::S3::Object"]
      }
      field_selector {
        field       = "resources.ARN"
        starts_with = advanced_event_selector.value.starts_with
      }
      dynamic "field_selector" {
        for_each = length(advanced_event_selector.value.events) > 0 ? [1] : []
        content {
          field  = "eventName"
          equals = advanced_event_selector.value.events
        }
      }
    }
  }

  depends_on = [aws_s3_bucket_policy.this, aws_kms_key_policy.lake]
}

# The bucket is there without a trail as well, so that the audit can be switched off and what it had kept stays.
data "aws_iam_policy_document" "trail_bucket" {
  statement {
    sid = "TrailLooks"
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    actions   = ["s3:GetBucketAcl"]
    resources = ["arn:${local.partition}:s3:::${local.bucket.trail}"]
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
  statement {
    sid = "TrailWrites"
    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
    actions   = ["s3:PutObject"]
    resources = ["arn:${local.partition}:s3:::${local.bucket.trail}/AWSLogs/${local.account}/*"]
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
  }
}

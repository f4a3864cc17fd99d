data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition

  # Names of buckets are one name space for all of AWS, so they hold the account and the region.
  bucket = { for use in ["raw", "processed", "alerts", "trail"] : use => "${var.name}-${local.account}-${var.region}-${use}" }

  # The lake's roots, as in docs/data-contract.md. Every policy names what lies below them.
  prefix = "clickstream"
  roots = {
    raw        = "s3://${local.bucket.raw}/${local.prefix}"
    processed  = "s3://${local.bucket.processed}/${local.prefix}"
    quarantine = "s3://${local.bucket.processed}/quarantine"
    alerts     = "s3://${local.bucket.alerts}/${local.prefix}"
  }
  results   = "athena-results"
  artifacts = "artifacts"
  arns = {
    raw_bucket       = "arn:${local.partition}:s3:::${local.bucket.raw}"
    processed_bucket = "arn:${local.partition}:s3:::${local.bucket.processed}"
    alerts_bucket    = "arn:${local.partition}:s3:::${local.bucket.alerts}"
    raw              = "arn:${local.partition}:s3:::${local.bucket.raw}/${local.prefix}/*"
    processed        = "arn:${local.partition}:s3:::${local.bucket.processed}/${local.prefix}/*"
    quarantine       = "arn:${local.partition}:s3:::${local.bucket.processed}/quarantine/*"
    alerts           = "arn:${local.partition}:s3:::${local.bucket.alerts}/${local.prefix}/*"
    results          = "arn:${local.partition}:s3:::${local.bucket.processed}/${local.results}/*"
    artifacts        = "arn:${local.partition}:s3:::${local.bucket.processed}/${local.artifacts}/*"
  }

  # A variable of the function cannot tell no token from one that is blank, and blank is null in any case.
  quality = merge(var.quality, { null_tokens = length(var.quality.null_tokens) > 0 ? var.quality.null_tokens : [""] })

  # Names, not references: so a policy can name what is made after it.
  job      = var.name
  function = "${var.name}-alerts"

  # clickctl tells metrics of a report under the lake's processed root (docs/data-quality.md).
  lake = local.roots.processed
}

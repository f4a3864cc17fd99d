# One key for whatever holds rows or names users: the lake, query results, the topics, the logs, the warehouse.
resource "aws_kms_key" "lake" {
  description             = "${var.name}: the lake, its query results, topics, logs and warehouse"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_kms_alias" "lake" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.lake.key_id
}

resource "aws_kms_key_policy" "lake" {
  key_id = aws_kms_key.lake.key_id
  policy = data.aws_iam_policy_document.key.json
}

# Administrators keep the key; the roles below use it, and by way of a service alone.
data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109: in a key's policy "*" is the key itself (KMS Developer Guide, "Creating a key policy").
  # checkov:skip=CKV_AWS_111: the same
  # checkov:skip=CKV_AWS_356: the same
  statement {
    sid = "AdministratorsOfTheAccount"
    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
    actions = [
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
      "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
      "kms:ListAliases", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListResourceTags", "kms:PutKeyPolicy",
      "kms:RevokeGrant", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
    ]
    resources = ["*"]
  }

  # Redshift encrypts its blocks under a grant, which whoever creates the warehouse gives it.
  dynamic "statement" {
    for_each = var.warehouse.kind == "none" ? [] : [1]
    content {
      sid = "WarehouseIsCreated"
      principals {
        type        = "AWS"
        identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
      }
      actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"]
      resources = ["*"]
      condition {
        test     = "StringLike"
        variable = "kms:ViaService"
        values   = [for service in ["redshift", "redshift-data", "redshift-serverless", "secretsmanager"] : "${service}.${var.region}.amazonaws.com"]
      }
    }
  }

  # Who reads the audit is the administrators' to say, by IAM; with a bucket key the context is the bucket itself.
  statement {
    sid = "AuditIsRead"
    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
    actions   = ["kms:Decrypt"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${var.region}.amazonaws.com"]
    }
    condition {
      test     = "StringLike"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = ["arn:${local.partition}:s3:::${local.bucket.trail}", "arn:${local.partition}:s3:::${local.bucket.trail}/*"]
    }
  }

  statement {
    sid = "RolesOfThePipeline"
    principals {
      type        = "AWS"
      identifiers = local.key_users
    }
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = [for service in ["s3", "sns"] : "${service}.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid = "LogsOfThisAccount"
    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }
    actions = [
      "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom", "kms:ReEncryptTo",
    ]
    resources = ["*"]
    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${var.region}:${local.account}:log-group:*"]
    }
  }

  # An alarm that may not use its topic's key is lost without a word.
  statement {
    sid = "AlarmsOfThisAccount"
    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  dynamic "statement" {
    for_each = local.trail ? [1] : []
    content {
      sid = "TrailOfThisLake"
      principals {
        type        = "Service"
        identifiers = ["cloudtrail.amazonaws.com"]
      }
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"]
      resources = ["*"]
      condition {
        test     = "StringEquals"
        variable = "aws:SourceArn"
        values   = [local.trail_arn]
      }
    }
  }
}

# Lies over the module where it is applied against ministack.
provider "aws" {
  s3_use_path_style       = true
  max_retries             = 2 # what ministack cannot do is told at once
  skip_metadata_api_check = true
}

# The provider waits for them for almost a minute, and they have no say in who may do what. tests/terraform applies them.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = {}
}

# The queue is adopted (gaps.py), and its policy is not known before the rule is made. The bus leaves no dead letters here.
resource "aws_sqs_queue" "deliveries" {
  policy = null
}

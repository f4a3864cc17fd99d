"""The backend of AWS: S3 and Glue through boto3."""

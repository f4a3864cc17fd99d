CREATE TEMP TABLE stage_users (
  user_id VARCHAR(65535),
  first_seen TIMESTAMP,
  last_seen TIMESTAMP,
  user_agent VARCHAR(65535),
  ip VARCHAR(65535)
)
DISTSTYLE KEY DISTKEY (user_id)

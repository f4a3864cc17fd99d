CREATE TEMP TABLE earlier (
  user_id VARCHAR(512),
  first_seen TIMESTAMP
)
DISTSTYLE KEY DISTKEY (user_id)

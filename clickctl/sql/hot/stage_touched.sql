-- The users of whom a day says something else now.
CREATE TEMP TABLE touched (
  user_id VARCHAR(512)
)
DISTSTYLE KEY DISTKEY (user_id)

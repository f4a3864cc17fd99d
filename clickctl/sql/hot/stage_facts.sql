-- As the files have it: by position, each text as long as a text can be.
CREATE TEMP TABLE stage_facts (
  click_id VARCHAR(32),
  event_time TIMESTAMP,
  user_id VARCHAR(65535),
  session_id VARCHAR(65535),
  action VARCHAR(65535),
  page_url VARCHAR(65535),
  attrs VARCHAR(65535)
)
DISTSTYLE KEY DISTKEY (user_id)

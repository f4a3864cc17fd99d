-- One row per event of the hot days. Rows of one user lie together, and blocks are passed over by time.
CREATE TABLE "${schema}"."${facts}" (
  click_id VARCHAR(32) NOT NULL,
  event_time TIMESTAMP NOT NULL,
  user_id VARCHAR(512) NOT NULL,
  session_id VARCHAR(512),
  action VARCHAR(256),
  page_url VARCHAR(8192),
  attrs SUPER
)
DISTSTYLE KEY DISTKEY (user_id) SORTKEY (event_time)

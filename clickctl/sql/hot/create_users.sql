-- One row per user of the hot days, on every node, so that joining it moves nothing.
CREATE TABLE "${schema}"."${users}" (
  user_id VARCHAR(512) NOT NULL,
  first_seen TIMESTAMP NOT NULL,
  last_seen TIMESTAMP NOT NULL,
  user_agent VARCHAR(2048),
  ip VARCHAR(256)
)
DISTSTYLE ALL SORTKEY (user_id)

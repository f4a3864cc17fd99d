-- The rows of the lake's dim_users of each hot day, from which the table of users is reduced.
CREATE TABLE "${schema}"."clickctl_user_days" (
  day DATE NOT NULL,
  user_id VARCHAR(512) NOT NULL,
  first_seen TIMESTAMP NOT NULL,
  last_seen TIMESTAMP NOT NULL,
  user_agent VARCHAR(2048),
  ip VARCHAR(256)
)
DISTSTYLE KEY DISTKEY (user_id) SORTKEY (day)

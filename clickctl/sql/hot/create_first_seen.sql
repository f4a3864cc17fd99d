-- When users were first seen on days before the hot ones: that is not forgotten as days leave.
CREATE TABLE "${schema}"."clickctl_first_seen" (
  user_id VARCHAR(512) NOT NULL,
  first_seen TIMESTAMP NOT NULL
)
DISTSTYLE KEY DISTKEY (user_id) SORTKEY (user_id)

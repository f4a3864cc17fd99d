SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = $1
ORDER BY table_name, ordinal_position;
-- public

SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = $1
ORDER BY table_name, ordinal_position;
-- public

CREATE TABLE IF NOT EXISTS "public"."clickctl_lock" (
  unused BIGINT
)
DISTSTYLE ALL;

BEGIN;

SET statement_timeout TO 3000;

LOCK "public"."clickctl_lock";

RESET statement_timeout;

SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = $1
ORDER BY table_name, ordinal_position;
-- public

CREATE TABLE "public"."fact_clicks" (
  click_id VARCHAR(32) NOT NULL,
  event_time TIMESTAMP NOT NULL,
  user_id VARCHAR(512) NOT NULL,
  session_id VARCHAR(512),
  action VARCHAR(256),
  page_url VARCHAR(8192),
  attrs SUPER
)
DISTSTYLE KEY DISTKEY (user_id) SORTKEY (event_time);

CREATE TABLE "public"."dim_users" (
  user_id VARCHAR(512) NOT NULL,
  first_seen TIMESTAMP NOT NULL,
  last_seen TIMESTAMP NOT NULL,
  user_agent VARCHAR(2048),
  ip VARCHAR(256)
)
DISTSTYLE ALL SORTKEY (user_id);

CREATE TABLE "public"."clickctl_user_days" (
  day DATE NOT NULL,
  user_id VARCHAR(512) NOT NULL,
  first_seen TIMESTAMP NOT NULL,
  last_seen TIMESTAMP NOT NULL,
  user_agent VARCHAR(2048),
  ip VARCHAR(256)
)
DISTSTYLE KEY DISTKEY (user_id) SORTKEY (day);

CREATE TABLE "public"."clickctl_first_seen" (
  user_id VARCHAR(512) NOT NULL,
  first_seen TIMESTAMP NOT NULL
)
DISTSTYLE KEY DISTKEY (user_id) SORTKEY (user_id);

CREATE TABLE "public"."clickctl_loads" (
  day DATE NOT NULL,
  fingerprint VARCHAR(32) NOT NULL,
  files BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  facts BIGINT NOT NULL,
  duplicates BIGINT NOT NULL,
  cut BIGINT NOT NULL,
  newest_event TIMESTAMP NOT NULL,
  load_id VARCHAR(64) NOT NULL,
  loaded_at TIMESTAMP NOT NULL
)
DISTSTYLE ALL SORTKEY (day);

COMMIT;

SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = $1
ORDER BY table_name, ordinal_position;
-- public

SELECT day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at
FROM "public"."clickctl_loads";

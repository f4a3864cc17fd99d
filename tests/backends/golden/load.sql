SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = $1
ORDER BY table_name, ordinal_position;
-- public

SELECT day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at
FROM "public"."clickctl_loads";

BEGIN;

SET statement_timeout TO 3000;

LOCK "public"."clickctl_lock";

RESET statement_timeout;

SET json_parse_dedup_attributes TO ON;

SELECT day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at
FROM "public"."clickctl_loads"
WHERE day = $1;
-- 2026-01-05

CREATE TEMP TABLE stage_facts (
  click_id VARCHAR(32),
  event_time TIMESTAMP,
  user_id VARCHAR(65535),
  session_id VARCHAR(65535),
  action VARCHAR(65535),
  page_url VARCHAR(65535),
  attrs VARCHAR(65535)
)
DISTSTYLE KEY DISTKEY (user_id);

COPY stage_facts FROM 's3://lake/processed/_loads/2026-01-05/load-20260105-stage_facts.manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/copy' FORMAT AS PARQUET MANIFEST;

SELECT
  count(*),
  count(DISTINCT click_id),
  min(event_time),
  max(event_time),
  coalesce(sum(
    CASE WHEN octet_length(user_id) > 512 THEN 1 ELSE 0 END
    + CASE WHEN octet_length(session_id) > 512 THEN 1 ELSE 0 END
    + CASE WHEN octet_length(action) > 256 THEN 1 ELSE 0 END
    + CASE WHEN octet_length(page_url) > 8192 THEN 1 ELSE 0 END
    + CASE WHEN attrs IS NOT NULL AND NOT can_json_parse(attrs) THEN 1 ELSE 0 END
  ), 0)
FROM stage_facts;

DELETE FROM "public"."fact_clicks"
WHERE event_time >= $1 AND event_time < $2;
-- 2026-01-05 00:00:00, 2026-01-06 00:00:00

INSERT INTO "public"."fact_clicks" (click_id, event_time, user_id, session_id, action, page_url, attrs)
SELECT
  click_id,
  event_time,
  CASE WHEN octet_length(user_id) > 512 THEN left(user_id, 64) || ':' || md5(user_id) ELSE user_id END,
  CASE WHEN octet_length(session_id) > 512 THEN left(session_id, 64) || ':' || md5(session_id) ELSE session_id END,
  CASE WHEN octet_length(action) > 256 THEN left(action, 64) ELSE action END,
  CASE WHEN octet_length(page_url) > 8192 THEN left(page_url, 2048) ELSE page_url END,
  CASE WHEN can_json_parse(attrs) THEN json_parse(attrs) END
FROM (
  SELECT
    click_id, event_time, user_id, session_id, action, page_url, attrs,
    row_number() OVER (PARTITION BY click_id ORDER BY event_time) AS nth
  FROM stage_facts
) AS numbered
WHERE nth = 1;

SELECT count(*)
FROM "public"."fact_clicks"
WHERE event_time >= $1 AND event_time < $2;
-- 2026-01-05 00:00:00, 2026-01-06 00:00:00

CREATE TEMP TABLE stage_users (
  user_id VARCHAR(65535),
  first_seen TIMESTAMP,
  last_seen TIMESTAMP,
  user_agent VARCHAR(65535),
  ip VARCHAR(65535)
)
DISTSTYLE KEY DISTKEY (user_id);

COPY stage_users FROM 's3://lake/processed/_loads/2026-01-05/load-20260105-stage_users.manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/copy' FORMAT AS PARQUET MANIFEST;

SELECT
  count(*),
  coalesce(sum(
    CASE WHEN octet_length(user_agent) > 2048 THEN 1 ELSE 0 END
    + CASE WHEN octet_length(ip) > 256 THEN 1 ELSE 0 END
  ), 0)
FROM stage_users;

CREATE TEMP TABLE touched (
  user_id VARCHAR(512)
)
DISTSTYLE KEY DISTKEY (user_id);

INSERT INTO touched (user_id)
SELECT user_id
FROM "public"."clickctl_user_days"
WHERE day = $1;
-- 2026-01-05

DELETE FROM "public"."clickctl_user_days"
WHERE day = $1;
-- 2026-01-05

INSERT INTO "public"."clickctl_user_days" (day, user_id, first_seen, last_seen, user_agent, ip)
SELECT
  CAST($1 AS DATE),
  CASE WHEN octet_length(user_id) > 512 THEN left(user_id, 64) || ':' || md5(user_id) ELSE user_id END,
  first_seen,
  last_seen,
  CASE WHEN octet_length(user_agent) > 2048 THEN left(user_agent, 512) ELSE user_agent END,
  CASE WHEN octet_length(ip) > 256 THEN left(ip, 64) ELSE ip END
FROM stage_users;
-- 2026-01-05

INSERT INTO touched (user_id)
SELECT user_id
FROM "public"."clickctl_user_days"
WHERE day = $1;
-- 2026-01-05

DELETE FROM "public"."dim_users"
WHERE user_id IN (SELECT user_id FROM touched);

INSERT INTO "public"."dim_users" (user_id, first_seen, last_seen, user_agent, ip)
SELECT
  ranked.user_id,
  CASE
    WHEN min(earlier_days.first_seen) < min(ranked.first_seen) THEN min(earlier_days.first_seen)
    ELSE min(ranked.first_seen)
  END,
  max(ranked.last_seen),
  max(CASE WHEN agent_rank = 1 THEN user_agent END),
  max(CASE WHEN ip_rank = 1 THEN ip END)
FROM (
  SELECT
    user_id, first_seen, last_seen, user_agent, ip,
    row_number() OVER (
      PARTITION BY user_id
      ORDER BY CASE WHEN user_agent IS NULL THEN 1 ELSE 0 END, last_seen DESC, user_agent DESC
    ) AS agent_rank,
    row_number() OVER (
      PARTITION BY user_id
      ORDER BY CASE WHEN ip IS NULL THEN 1 ELSE 0 END, last_seen DESC, ip DESC
    ) AS ip_rank
  FROM "public"."clickctl_user_days"
  WHERE user_id IN (SELECT user_id FROM touched)
) AS ranked
LEFT JOIN "public"."clickctl_first_seen" AS earlier_days ON earlier_days.user_id = ranked.user_id
GROUP BY ranked.user_id;

DELETE FROM "public"."clickctl_loads"
WHERE day = $1;
-- 2026-01-05

INSERT INTO "public"."clickctl_loads"
  (day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
-- 2026-01-05, <fingerprint>, 2, <bytes>, 2, 0, 0, 2026-01-05 13:30:00, load-20260105, 2026-01-07 12:00:00

DROP TABLE stage_facts;

DROP TABLE stage_users;

DROP TABLE touched;

COMMIT;

SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = $1
ORDER BY table_name, ordinal_position;
-- public

SELECT day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at
FROM "public"."clickctl_loads";

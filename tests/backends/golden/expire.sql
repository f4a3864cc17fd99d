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

SELECT day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at
FROM "public"."clickctl_loads"
WHERE day = $1;
-- 2026-01-05

CREATE TEMP TABLE touched (
  user_id VARCHAR(512)
)
DISTSTYLE KEY DISTKEY (user_id);

INSERT INTO touched (user_id)
SELECT user_id
FROM "public"."clickctl_user_days"
WHERE day = $1;
-- 2026-01-05

CREATE TEMP TABLE earlier (
  user_id VARCHAR(512),
  first_seen TIMESTAMP
)
DISTSTYLE KEY DISTKEY (user_id);

INSERT INTO earlier (user_id, first_seen)
SELECT user_id, min(first_seen)
FROM (
  SELECT user_id, first_seen FROM "public"."clickctl_user_days" WHERE day = $1
  UNION ALL
  SELECT user_id, first_seen FROM "public"."clickctl_first_seen"
  WHERE user_id IN (SELECT user_id FROM touched)
) AS sightings
GROUP BY user_id;
-- 2026-01-05

DELETE FROM "public"."clickctl_first_seen"
WHERE user_id IN (SELECT user_id FROM earlier);

INSERT INTO "public"."clickctl_first_seen" (user_id, first_seen)
SELECT user_id, first_seen
FROM earlier;

DROP TABLE earlier;

DELETE FROM "public"."fact_clicks"
WHERE event_time >= $1 AND event_time < $2;
-- 2026-01-05 00:00:00, 2026-01-06 00:00:00

DELETE FROM "public"."clickctl_user_days"
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

DROP TABLE touched;

COMMIT;

SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = $1
ORDER BY table_name, ordinal_position;
-- public

SELECT day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at
FROM "public"."clickctl_loads";

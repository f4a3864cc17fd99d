SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = $1
ORDER BY table_name, ordinal_position;
-- public

SELECT day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at
FROM "public"."clickctl_loads";

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
FROM "public"."clickctl_loads";

CREATE TEMP TABLE stage_users (
  user_id VARCHAR(65535),
  first_seen TIMESTAMP,
  last_seen TIMESTAMP,
  user_agent VARCHAR(65535),
  ip VARCHAR(65535)
)
DISTSTYLE KEY DISTKEY (user_id);

COPY stage_users FROM 's3://lake/processed/_loads/users/load-stage_users.manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/copy' FORMAT AS PARQUET MANIFEST;

SELECT
  count(*),
  coalesce(sum(
    CASE WHEN octet_length(user_agent) > 2048 THEN 1 ELSE 0 END
    + CASE WHEN octet_length(ip) > 256 THEN 1 ELSE 0 END
  ), 0)
FROM stage_users;

DELETE FROM "public"."clickctl_first_seen";

INSERT INTO "public"."clickctl_first_seen" (user_id, first_seen)
SELECT user_id, min(first_seen)
FROM (
  SELECT
    CASE WHEN octet_length(user_id) > 512 THEN left(user_id, 64) || ':' || md5(user_id) ELSE user_id END AS user_id,
    first_seen
  FROM stage_users
) AS sightings
GROUP BY user_id;

CREATE TEMP TABLE touched (
  user_id VARCHAR(512)
)
DISTSTYLE KEY DISTKEY (user_id);

INSERT INTO touched (user_id)
SELECT user_id FROM "public"."clickctl_user_days"
UNION
SELECT user_id FROM "public"."dim_users";

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

DROP TABLE stage_users;

DROP TABLE touched;

SELECT count(*)
FROM "public"."dim_users";

COMMIT;

SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = $1
ORDER BY table_name, ordinal_position;
-- public

SELECT day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at
FROM "public"."clickctl_loads";

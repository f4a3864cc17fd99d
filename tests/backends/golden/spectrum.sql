SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = $1
ORDER BY table_name, ordinal_position;
-- public

SELECT day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at
FROM "public"."clickctl_loads";

CREATE EXTERNAL SCHEMA IF NOT EXISTS "lake"
FROM DATA CATALOG DATABASE 'clickstream'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy';

CREATE OR REPLACE VIEW "public"."all_clicks" AS
SELECT
  click_id, event_time, user_id, session_id, action, page_url,
  CASE WHEN attrs IS NOT NULL THEN json_serialize(attrs) END AS attrs
FROM "public"."fact_clicks"
WHERE CAST(event_time AS DATE) IN (SELECT day FROM "public"."clickctl_loads" WHERE fingerprint <> '')
UNION ALL
SELECT DISTINCT click_id, event_time, user_id, session_id, action, page_url, attrs
FROM "lake"."fact_clicks"
WHERE CAST(year || '-' || month || '-' || day AS DATE) NOT IN (
  SELECT day FROM "public"."clickctl_loads" WHERE fingerprint <> ''
)
WITH NO SCHEMA BINDING;

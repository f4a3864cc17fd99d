CREATE EXTERNAL SCHEMA IF NOT EXISTS "lake"
FROM DATA CATALOG DATABASE 'clickstream'
IAM_ROLE 'arn:aws:iam::123456789012:role/copy';

CREATE OR REPLACE VIEW "public"."all_clicks" AS
SELECT click_id, event_time, user_id, session_id, action, page_url, json_serialize(attrs) AS attrs
FROM "public"."fact_clicks"
UNION ALL
SELECT DISTINCT click_id, event_time, user_id, session_id, action, page_url, attrs
FROM "lake"."fact_clicks"
WHERE CAST(year || '-' || month || '-' || day AS DATE) NOT IN (SELECT day FROM "public"."clickctl_loads")
WITH NO SCHEMA BINDING;

-- Every click once: those of loaded days from the warehouse, all others from the lake.
-- Both halves see the same bookkeeping, so a day is in one of them whatever is loaded meanwhile.
CREATE OR REPLACE VIEW "${schema}"."all_clicks" AS
SELECT
  click_id, event_time, user_id, session_id, action, page_url,
  CASE WHEN attrs IS NOT NULL THEN json_serialize(attrs) END AS attrs
FROM "${schema}"."${facts}"
WHERE CAST(event_time AS DATE) IN (SELECT day FROM "${schema}"."clickctl_loads" WHERE fingerprint <> '')
UNION ALL
SELECT DISTINCT click_id, event_time, user_id, session_id, action, page_url, attrs
FROM "${external}"."${facts}"
WHERE CAST(year || '-' || month || '-' || day AS DATE) NOT IN (
  SELECT day FROM "${schema}"."clickctl_loads" WHERE fingerprint <> ''
)
WITH NO SCHEMA BINDING

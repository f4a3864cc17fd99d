-- What was copied: rows, distinct events, times, texts too long for their column, attrs that are no SUPER.
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
FROM stage_facts

-- Each event once: rows with the same click_id are the same in every column.
-- A character has at most four bytes, so a quarter as many characters as a column has bytes fit into it.
INSERT INTO "${schema}"."${facts}" (click_id, event_time, user_id, session_id, action, page_url, attrs)
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
WHERE nth = 1

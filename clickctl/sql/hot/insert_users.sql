-- Agent and address are those of the row last seen latest that has one; at the same instant the greater text wins.
INSERT INTO "${schema}"."${users}" (user_id, first_seen, last_seen, user_agent, ip)
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
  FROM "${schema}"."clickctl_user_days"
  WHERE user_id IN (SELECT user_id FROM touched)
) AS ranked
LEFT JOIN "${schema}"."clickctl_first_seen" AS earlier_days ON earlier_days.user_id = ranked.user_id
GROUP BY ranked.user_id

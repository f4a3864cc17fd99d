-- Never has rows. Whoever loads holds its lock, so that the other tables can be read all the while.
CREATE TABLE IF NOT EXISTS "${schema}"."clickctl_lock" (
  unused BIGINT
)
DISTSTYLE ALL

-- What is loaded: one row per event-day, written in the transaction that wrote its rows. Times are UTC.
CREATE TABLE "${schema}"."clickctl_loads" (
  day DATE NOT NULL,
  fingerprint VARCHAR(32) NOT NULL,
  files BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  facts BIGINT NOT NULL,
  duplicates BIGINT NOT NULL,
  cut BIGINT NOT NULL,
  newest_event TIMESTAMP NOT NULL,
  load_id VARCHAR(64) NOT NULL,
  loaded_at TIMESTAMP NOT NULL
)
DISTSTYLE ALL SORTKEY (day)

-- What viewers did, in total by the minute, with the events that it was made of.

-- The trace of the request that made a fact true; none for those that no request made.
ALTER TABLE outbox ADD COLUMN trace TEXT;

-- How far a consumer of the event log has come: the last of each shard in each partition.
CREATE TABLE consumer_position (
    consumer TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    log_offset BIGINT NOT NULL,
    PRIMARY KEY (consumer, topic, partition, shard)
) WITHOUT ROWID;

-- Events as they were told, in days (UTC, since 1970) of their commit. The judge of what has been
-- added up: an event is added in the transaction that puts it here first.
CREATE TABLE play_event (
    day BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    content_id TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition BIGINT NOT NULL,
    log_offset BIGINT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (day, shard, sequence)
) WITHOUT ROWID;

-- Sums of a minute (UTC, since 1970) in which there was something.
CREATE TABLE play_minute (
    content_id TEXT NOT NULL,
    minute BIGINT NOT NULL,
    country TEXT NOT NULL,
    device TEXT NOT NULL,
    views BIGINT NOT NULL,
    sessions BIGINT NOT NULL,
    watch_ms BIGINT NOT NULL,
    stalls BIGINT NOT NULL,
    stalled_ms BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    bits BIGINT NOT NULL,
    bits_ms BIGINT NOT NULL,
    startups BIGINT NOT NULL,
    startup_ms BIGINT NOT NULL,
    startups_500ms BIGINT NOT NULL,
    startups_1s BIGINT NOT NULL,
    startups_2s BIGINT NOT NULL,
    startups_4s BIGINT NOT NULL,
    startups_8s BIGINT NOT NULL,
    PRIMARY KEY (content_id, minute, country, device)
) WITHOUT ROWID;
CREATE INDEX play_minute_by_time ON play_minute (minute);

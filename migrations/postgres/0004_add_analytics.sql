-- What follows 0004_add_analytics on PostgreSQL, in the same transaction.
--
-- Events and sums lie in partitions, a day and a month each, which are made ahead and dropped as a
-- whole when they are old. A statement names the time, so it meets few of them.

DROP TABLE play_event;
DROP TABLE play_minute;

CREATE TABLE play_event (
    day BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    content_id TEXT COLLATE "C" NOT NULL,
    topic TEXT COLLATE "C" NOT NULL,
    partition BIGINT NOT NULL,
    log_offset BIGINT NOT NULL,
    payload TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (day, shard, sequence)
) PARTITION BY RANGE (day);

CREATE TABLE play_minute (
    content_id TEXT COLLATE "C" NOT NULL,
    minute BIGINT NOT NULL,
    country TEXT COLLATE "C" NOT NULL,
    device TEXT COLLATE "C" NOT NULL,
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
) PARTITION BY RANGE (minute);

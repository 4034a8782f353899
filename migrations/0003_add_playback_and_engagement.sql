-- Viewers and their sessions, facts that wait to be counted, and what has been counted.

-- A viewer's whole record, written when it has been quiet for a while.
CREATE TABLE viewer (
    id BIGINT NOT NULL PRIMARY KEY,
    shard BIGINT NOT NULL,
    record TEXT NOT NULL,
    row_version BIGINT NOT NULL
);

-- What has changed since: each change of a session is appended, the newest of a session counts.
CREATE TABLE session_change (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    shard BIGINT NOT NULL,
    viewer BIGINT NOT NULL,
    session TEXT NOT NULL,
    at BIGINT NOT NULL,
    state TEXT NOT NULL,
    row_version BIGINT NOT NULL
);

-- A fact waits here until the owner of its content has counted it. A position is never given twice.
CREATE TABLE fact (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    content_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL
);

-- Which views have been kept; the judge of duplicates.
CREATE TABLE view_key (
    view_key TEXT NOT NULL,
    content_id TEXT NOT NULL,
    kept_at BIGINT NOT NULL,
    PRIMARY KEY (view_key, content_id)
) WITHOUT ROWID;
CREATE INDEX view_key_by_time ON view_key (kept_at);

CREATE TABLE counter (
    content_id TEXT NOT NULL PRIMARY KEY,
    views BIGINT NOT NULL,
    likes BIGINT NOT NULL,
    watch_time_s DOUBLE PRECISION NOT NULL,
    trend DOUBLE PRECISION,
    hot BIGINT NOT NULL,
    uniques BLOB NOT NULL,
    stats TEXT NOT NULL,
    row_version BIGINT NOT NULL
);
CREATE INDEX counter_by_trend ON counter (trend, content_id) WHERE trend IS NOT NULL;
CREATE INDEX counter_hot ON counter (content_id) WHERE hot = 1;

CREATE TABLE view_minute (
    content_id TEXT NOT NULL,
    minute BIGINT NOT NULL,
    views BIGINT NOT NULL,
    PRIMARY KEY (content_id, minute)
) WITHOUT ROWID;
CREATE INDEX view_minute_by_time ON view_minute (minute);

CREATE TABLE liked (
    content_id TEXT NOT NULL,
    who TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (content_id, who)
) WITHOUT ROWID;

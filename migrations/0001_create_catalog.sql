-- Every record of the catalog. Times are nanoseconds since 1970 (UTC), so that they sort and come
-- back exactly; ids are UUIDv7 text, so that they sort by age; nested detail is JSON text.

CREATE TABLE shard (
    shard BIGINT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    sequence BIGINT NOT NULL
);

CREATE TABLE upload (
    id TEXT NOT NULL PRIMARY KEY,
    content_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    offset_bytes BIGINT NOT NULL,
    state TEXT NOT NULL,
    metadata TEXT NOT NULL,
    write_grant BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    row_version BIGINT NOT NULL
);
CREATE INDEX upload_by_state ON upload (state, expires_at);

CREATE TABLE content (
    id TEXT NOT NULL PRIMARY KEY,
    upload_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    search TEXT NOT NULL,
    language TEXT,
    residency TEXT NOT NULL,
    protection TEXT NOT NULL,
    kind TEXT,
    status TEXT NOT NULL,
    stage TEXT NOT NULL,
    source TEXT,
    media TEXT,
    plan TEXT,
    duration_s DOUBLE PRECISION,
    pictures TEXT NOT NULL,
    scan TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    blocked TEXT,
    unlisted BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    published_at BIGINT,
    row_version BIGINT NOT NULL
);
CREATE INDEX content_by_owner ON content (owner, id);
CREATE INDEX content_by_status ON content (status, id);
CREATE INDEX content_unfinished ON content (id)
    WHERE stage NOT IN ('receive', 'done', 'blocked', 'failed');
CREATE INDEX content_receiving ON content (id) WHERE stage = 'receive';

CREATE TABLE rendition (
    content_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    position BIGINT NOT NULL,
    spec TEXT NOT NULL,
    state TEXT NOT NULL,
    segments_total BIGINT NOT NULL,
    segments_done BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    init TEXT,
    average_bps BIGINT,
    peak_bps BIGINT,
    last_error TEXT,
    row_version BIGINT NOT NULL,
    PRIMARY KEY (content_id, name)
);

CREATE TABLE segment (
    content_id TEXT NOT NULL,
    rendition TEXT NOT NULL,
    segment_index BIGINT NOT NULL,
    attempt TEXT NOT NULL,
    blob_key TEXT NOT NULL,
    start_ticks BIGINT NOT NULL,
    duration_ticks BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (content_id, rendition, segment_index)
);

CREATE TABLE job (
    id TEXT NOT NULL PRIMARY KEY,
    content_id TEXT NOT NULL,
    class_rank BIGINT NOT NULL,
    work TEXT NOT NULL,
    token TEXT,
    lease_until BIGINT,
    not_before BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX job_by_order ON job (class_rank, created_at, id);
CREATE INDEX job_by_content ON job (content_id);

CREATE TABLE dead_letter (
    id TEXT NOT NULL PRIMARY KEY,
    content_id TEXT NOT NULL,
    rendition TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    work TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    replayed_at BIGINT
);
CREATE INDEX dead_letter_by_content ON dead_letter (content_id);

-- A position is never given twice, not even after its row was removed: removing "up to 7" again
-- must not take a newer fact with it.
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    shard BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    topic TEXT NOT NULL,
    event_key TEXT NOT NULL,
    payload TEXT NOT NULL,
    UNIQUE (shard, sequence)
);

-- What follows 0003_add_playback_and_engagement on PostgreSQL, in the same transaction.
--
-- A session's state is updated in its own row: where no index changes, the new row takes a place on
-- the same page that the old one has left, for which pages keep room. Several nodes write here, so
-- the version of a viewer is a row that every write of them changes.

DROP TABLE session_change;
DROP TABLE viewer;

CREATE TABLE viewer (
    id BIGINT NOT NULL PRIMARY KEY,
    shard BIGINT NOT NULL,
    row_version BIGINT NOT NULL
) WITH (fillfactor = 50);

-- The whole record, apart from the version, so that a heartbeat does not copy it.
CREATE TABLE viewer_record (
    viewer BIGINT NOT NULL PRIMARY KEY,
    record TEXT COLLATE "C" NOT NULL
);

-- The newest state of each session that has changed since. Who has been quiet is asked by the
-- minute, which rarely changes between two heartbeats and may have an index therefore.
CREATE TABLE viewer_session (
    viewer BIGINT NOT NULL,
    session TEXT COLLATE "C" NOT NULL,
    shard BIGINT NOT NULL,
    at BIGINT NOT NULL,
    minute BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (viewer, session)
) WITH (fillfactor = 50);
CREATE INDEX viewer_session_by_minute ON viewer_session (minute);

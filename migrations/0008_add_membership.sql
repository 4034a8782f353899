-- Who is a member of the cluster, whose lease is good, and who owns which shard. Leases and
-- suspicions are by the database's clock.

CREATE TABLE cluster (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    name TEXT NOT NULL,
    shard_count BIGINT NOT NULL,
    version BIGINT NOT NULL,
    moves BIGINT NOT NULL,
    rules TEXT NOT NULL
);

-- A node that was removed keeps its row: were its incarnations counted anew, an old process of it
-- could take the life of a new one for its own.
CREATE TABLE node (
    name TEXT NOT NULL PRIMARY KEY,
    incarnation BIGINT NOT NULL,
    link TEXT NOT NULL,
    http TEXT NOT NULL,
    zone TEXT NOT NULL,
    weight BIGINT NOT NULL,
    build TEXT NOT NULL,
    phase TEXT NOT NULL,
    removed BIGINT NOT NULL,
    lease_until BIGINT NOT NULL
);

CREATE TABLE suspicion (
    name TEXT NOT NULL,
    incarnation BIGINT NOT NULL,
    by_name TEXT NOT NULL,
    by_incarnation BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (name, by_name)
);

-- Who claimed the shard last; null when it was released, or is held by a node that is no cluster's.
ALTER TABLE shard ADD COLUMN owner TEXT;
ALTER TABLE shard ADD COLUMN owner_incarnation BIGINT;

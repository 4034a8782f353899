-- Durable timers, and the log of what operators ordered.

-- A position is never given twice: a timer that is set anew has another one, so whoever has rung
-- the old one cannot take the new one with it. The shard is that of the fence that it was set
-- under; it is null for the timers that are made below, whose shard their id tells.
CREATE TABLE timer (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    shard BIGINT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    UNIQUE (kind, id, name)
);
CREATE INDEX timer_by_due ON timer (due_at, position);

CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    subject TEXT NOT NULL,
    action TEXT NOT NULL,
    path TEXT NOT NULL,
    reason TEXT,
    outcome TEXT NOT NULL,
    trace_id TEXT
);
CREATE INDEX audit_by_time ON audit (at);

-- Uploads that still take bytes expire by their timer; nobody looks for them in their table.
INSERT INTO timer (shard, kind, id, name, due_at, failures)
    SELECT NULL, 'upload.session', id, 'expire', expires_at, 0 FROM upload
    WHERE state = 'receiving';
DROP INDEX upload_by_state;

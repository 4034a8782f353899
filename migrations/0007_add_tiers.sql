-- Where the bytes of a content rest, and the last day on which it was watched (days since 1970).
-- What was watched in the days that are still kept by the minute is known from there.
ALTER TABLE content ADD COLUMN tier TEXT NOT NULL DEFAULT 'hot';
CREATE INDEX content_settled ON content (published_at) WHERE tier = 'hot' AND stage = 'done';
CREATE INDEX content_moving ON content (id) WHERE tier NOT IN ('hot', 'cold');
CREATE INDEX content_cold ON content (id) WHERE tier = 'cold';

ALTER TABLE counter ADD COLUMN watched_day BIGINT NOT NULL DEFAULT 0;
UPDATE counter SET watched_day = COALESCE(
    (SELECT MAX(minute) / 1440 FROM view_minute
     WHERE view_minute.content_id = counter.content_id), 0);

-- Where in a trace an upload, its content and each of its jobs began (a W3C traceparent), so that the
-- trace goes on after a crash, in another process and on another node.
ALTER TABLE upload ADD COLUMN traceparent TEXT;
ALTER TABLE content ADD COLUMN traceparent TEXT;
ALTER TABLE job ADD COLUMN traceparent TEXT;

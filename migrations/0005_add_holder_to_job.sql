-- Which process holds the lease of a job, so that one that starts frees its own and no other's.
ALTER TABLE job ADD COLUMN holder TEXT;

-- Leases of before have no holder who would free them.
UPDATE job SET token = NULL, lease_until = NULL WHERE token IS NOT NULL;

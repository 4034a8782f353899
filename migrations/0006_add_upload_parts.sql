-- Uploads that come in numbered parts: how they are cut, by which name the staging store knows them,
-- and which list of them was accepted. Null for those that come in one stream.
ALTER TABLE upload ADD COLUMN parts TEXT;

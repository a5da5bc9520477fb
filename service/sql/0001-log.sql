-- The log: what `attest.log.store` asks for, and nothing that it could be changed by.
--
--     log.entries      position, entry, salt, body    one row per entry, positions without a gap
--     log.nodes        position, hash                 tree nodes in the order of merkle.position
--     log.labels       label, position                digests to find entries by
--     log.checkpoint   size, note                     one row: the newest signed note. Whoever
--                                                     appends has this row locked
--
-- Triggers refuse to change or delete a row of the first three, the owner's statements too, and to
-- add one out of order. They hold for replication as well (ALWAYS).

CREATE TABLE log.entries (
    position bigint PRIMARY KEY CHECK (position >= 0),
    entry bytea NOT NULL,
    salt bytea NOT NULL,
    body bytea NOT NULL
);
-- Envelopes are base64 of JSON that is signed: compressing them takes time and gives little.
ALTER TABLE log.entries ALTER body SET STORAGE EXTERNAL;

CREATE TABLE log.nodes (
    position bigint PRIMARY KEY CHECK (position >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);

CREATE TABLE log.labels (
    label bytea PRIMARY KEY CHECK (octet_length(label) = 32),
    position bigint NOT NULL
);
CREATE INDEX labels_by_position ON log.labels (position, label);

CREATE TABLE log.checkpoint (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    size bigint NOT NULL,
    note bytea
);
INSERT INTO log.checkpoint (size) VALUES (0);

CREATE FUNCTION log.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'the log is never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION log.in_order() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    first bigint;
    last bigint;
    many bigint;
    follows boolean;
BEGIN
    SELECT min(position), max(position), count(*) INTO first, last, many FROM added;
    EXECUTE format('SELECT EXISTS (SELECT FROM log.%I WHERE position = $1)', TG_TABLE_NAME)
        INTO follows USING first - 1;
    IF many > 0 AND (last - first + 1 <> many OR NOT (follows OR first = 0)) THEN
        RAISE EXCEPTION 'the log only grows at its end'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION log.forward() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NEW.size < OLD.size OR NEW.note IS NULL THEN
        RAISE EXCEPTION 'a checkpoint only moves forward'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON log.entries
    EXECUTE FUNCTION log.refuse();
CREATE TRIGGER fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON log.nodes
    EXECUTE FUNCTION log.refuse();
CREATE TRIGGER fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON log.labels
    EXECUTE FUNCTION log.refuse();
CREATE TRIGGER fixed BEFORE INSERT OR DELETE OR TRUNCATE ON log.checkpoint
    EXECUTE FUNCTION log.refuse();
CREATE TRIGGER forward BEFORE UPDATE ON log.checkpoint
    FOR EACH ROW EXECUTE FUNCTION log.forward();
CREATE TRIGGER in_order AFTER INSERT ON log.entries REFERENCING NEW TABLE AS added
    EXECUTE FUNCTION log.in_order();
CREATE TRIGGER in_order AFTER INSERT ON log.nodes REFERENCING NEW TABLE AS added
    EXECUTE FUNCTION log.in_order();

ALTER TABLE log.entries ENABLE ALWAYS TRIGGER fixed, ENABLE ALWAYS TRIGGER in_order;
ALTER TABLE log.nodes ENABLE ALWAYS TRIGGER fixed, ENABLE ALWAYS TRIGGER in_order;
ALTER TABLE log.labels ENABLE ALWAYS TRIGGER fixed;
ALTER TABLE log.checkpoint ENABLE ALWAYS TRIGGER fixed, ENABLE ALWAYS TRIGGER forward;

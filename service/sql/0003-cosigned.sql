-- The newest checkpoint that witnesses have cosigned, for every process: see `service.cosigning`.

CREATE TABLE log.cosigned (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    size bigint NOT NULL,
    note bytea NOT NULL
);
CREATE TRIGGER fixed BEFORE DELETE OR TRUNCATE ON log.cosigned EXECUTE FUNCTION log.refuse();
CREATE TRIGGER forward BEFORE UPDATE ON log.cosigned
    FOR EACH ROW EXECUTE FUNCTION log.forward();
ALTER TABLE log.cosigned ENABLE ALWAYS TRIGGER fixed, ENABLE ALWAYS TRIGGER forward;

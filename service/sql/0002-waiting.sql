-- What was acknowledged and is not decided yet: see `service.spool`.

CREATE TABLE log.waiting (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    raw bytea NOT NULL,
    acknowledgement bytea NOT NULL
);

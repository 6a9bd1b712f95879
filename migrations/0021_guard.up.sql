-- The guard against texts that nobody asked for: what each scope has to prove, and what was decided.

CREATE TABLE guard_scopes (
    kind     text             NOT NULL,
    key      text             NOT NULL,
    debt     double precision NOT NULL,
    strikes  smallint         NOT NULL,
    opens_at timestamptz,
    paid_at  timestamptz,
    as_of    timestamptz      NOT NULL,
    CONSTRAINT guard_scopes_pkey PRIMARY KEY (kind, key),
    CONSTRAINT guard_scopes_kind CHECK (kind IN ('block', 'country', 'prefix', 'range', 'run')),
    CONSTRAINT guard_scopes_strikes CHECK (strikes >= 0)
);

CREATE INDEX guard_scopes_as_of_idx ON guard_scopes (as_of);

COMMENT ON TABLE guard_scopes IS 'What has come of the codes sent within a scope: one row for each that was sent to or from. A row goes 30 days after it was last charged or paid.';
COMMENT ON COLUMN guard_scopes.kind IS 'block (of client addresses), country, range (a number without its last seven digits), prefix (without four), run (without two).';
COMMENT ON COLUMN guard_scopes.key IS 'Which one: 192.0.2.0/24, SE (empty for numbers of no country), +4670, +4670123; of a run an HMAC, since its numbers could be guessed.';
COMMENT ON COLUMN guard_scopes.debt IS 'Codes sent and not entered, less what entered ones have paid, at as_of; halves with time. Below nothing it is credit.';
COMMENT ON COLUMN guard_scopes.strikes IS 'Pauses in a row that no entered code has ended; each is four times as long as the one before.';
COMMENT ON COLUMN guard_scopes.opens_at IS 'Until when nothing is sent; from then on one code is, to see. Null where there is room.';
COMMENT ON COLUMN guard_scopes.paid_at IS 'When a code of the scope was last entered; null where none ever was.';
COMMENT ON COLUMN guard_scopes.as_of IS 'When the row was last charged or paid.';

CREATE TABLE guard_decisions (
    id          bigint      GENERATED ALWAYS AS IDENTITY,
    decided_at  timestamptz NOT NULL,
    outcome     text        NOT NULL,
    is_enforced boolean     NOT NULL,
    decided_by  text,
    opens_at    timestamptz,
    number_mac  bytea,
    prefix      text        NOT NULL,
    country     text        NOT NULL,
    block       text        NOT NULL,
    provider    text,
    charged     text[]      NOT NULL,
    verified_at timestamptz,
    CONSTRAINT guard_decisions_pkey PRIMARY KEY (id),
    CONSTRAINT guard_decisions_outcome CHECK (outcome IN ('send', 'doubt', 'refuse'))
);

CREATE INDEX guard_decisions_decided_at_idx ON guard_decisions (decided_at);
CREATE INDEX guard_decisions_prefix_idx ON guard_decisions (prefix, decided_at);
CREATE INDEX guard_decisions_number_mac_idx ON guard_decisions (number_mac) WHERE number_mac IS NOT NULL;

COMMENT ON TABLE guard_decisions IS 'Each decision on a code. Those that let it go are kept for 35 days, the others for one.';
COMMENT ON COLUMN guard_decisions.id IS 'The place in the order.';
COMMENT ON COLUMN guard_decisions.decided_at IS 'When it was decided.';
COMMENT ON COLUMN guard_decisions.outcome IS 'send, doubt (a proof was asked for) or refuse.';
COMMENT ON COLUMN guard_decisions.is_enforced IS 'False with GUARD=record: the code was sent all the same.';
COMMENT ON COLUMN guard_decisions.decided_by IS 'The kind of scope that doubted or refused, or blocked_prefix; null for send.';
COMMENT ON COLUMN guard_decisions.opens_at IS 'Until when that scope is closed, where it refused.';
COMMENT ON COLUMN guard_decisions.number_mac IS 'HMAC-SHA-256 of the number under a key derived from SECRET_KEY; null after a day: from then on the row tells of nobody.';
COMMENT ON COLUMN guard_decisions.prefix IS 'The number without its last four digits.';
COMMENT ON COLUMN guard_decisions.country IS 'ISO 3166-1 code of the number; empty where it has none.';
COMMENT ON COLUMN guard_decisions.block IS 'The /24 or /48 network that asked.';
COMMENT ON COLUMN guard_decisions.provider IS 'Who took the code; null until somebody has.';
COMMENT ON COLUMN guard_decisions.charged IS 'The kinds of the scopes that the code was charged to, and that an entered code pays back.';
COMMENT ON COLUMN guard_decisions.verified_at IS 'When the number was proven by a code within the hour after.';

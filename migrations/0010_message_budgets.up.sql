-- What messages may cost, and what they have cost: one row for each scope that has a budget, and period.
CREATE TABLE message_budgets (
    scope        text        NOT NULL,
    period       date        NOT NULL,
    currency     text        NOT NULL,
    spent_micros bigint      NOT NULL,
    warned_at    timestamptz,
    exhausted_at timestamptz,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT message_budgets_pkey PRIMARY KEY (scope, period, currency),
    CONSTRAINT message_budgets_spent CHECK (spent_micros >= 0)
);

COMMENT ON TABLE message_budgets IS 'What the messages of a day or month have cost, shared by all replicas. A message is counted at its price before its carrier is asked. Only scopes with a budget have rows.';
COMMENT ON COLUMN message_budgets.scope IS 'What is counted: day, month, or country:SE (a day''s messages to one country; country: alone for numbers of none).';
COMMENT ON COLUMN message_budgets.period IS 'The day, or the first day of the month, in UTC.';
COMMENT ON COLUMN message_budgets.currency IS 'ISO 4217 code. Another SMS_CURRENCY counts from nothing.';
COMMENT ON COLUMN message_budgets.spent_micros IS 'What is spent or spoken for, in millionths of the currency.';
COMMENT ON COLUMN message_budgets.warned_at IS 'When the log was told that 80 % of the budget are spent.';
COMMENT ON COLUMN message_budgets.exhausted_at IS 'When a message was first refused for want of money.';
COMMENT ON COLUMN message_budgets.updated_at IS 'When something was last counted.';

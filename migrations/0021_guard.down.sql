DROP TABLE guard_decisions;
DROP TABLE guard_scopes;

DROP FUNCTION take_rate_limits;
DROP TABLE rate_limits;

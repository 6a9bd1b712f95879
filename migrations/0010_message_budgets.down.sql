DROP TABLE message_budgets;

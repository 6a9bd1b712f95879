DROP TABLE password_totals;
DROP TABLE password_block_tallies;
DROP TABLE password_guesses;

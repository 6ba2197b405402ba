"""A session, from its settings to its exit status: what it will do, runs, records and says at the end."""

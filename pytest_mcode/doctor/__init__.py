"""Whether a session could run here: each check calls what the session itself calls."""

"""Payment providers' notifications: verified as each provider says, read as our reports."""

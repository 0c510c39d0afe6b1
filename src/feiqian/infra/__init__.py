"""The only drivers: database, jobs, HTTP, settings, logs. Every domain reaches the machine through here."""

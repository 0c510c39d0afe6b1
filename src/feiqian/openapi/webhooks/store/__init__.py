"""SQL of notifications: endpoints, what is written with a fact, what is sent, and what is shown."""

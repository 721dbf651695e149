"""Messages to people: reminders, escalation, and the delivery of notices by mail and chat."""

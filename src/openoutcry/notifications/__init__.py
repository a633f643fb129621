"""What people are told: from committed batches and other happenings to inboxes, mail and webhooks.

It reads what has happened, in order, and keeps how far it has read. It changes nothing of the
exchange's state and knows no gateway, no wallet and no password.
"""

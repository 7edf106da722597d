"""What other tools already send, accepted unchanged: one module a sender."""

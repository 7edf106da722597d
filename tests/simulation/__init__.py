"""The whole engine on several hosts, under a virtual clock, checked against a reference."""

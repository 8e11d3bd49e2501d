"""Orders as JSON Lines: how a line is read, and how an order is written as one."""

"""Who may do what, and whom that keeps out. ``docs/SECURITY.md`` says which test proves what."""

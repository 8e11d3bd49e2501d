"""Pages for people with a browser: HTML without scripts, whatever wire their order came by."""

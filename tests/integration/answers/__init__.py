"""The answers that the OpenAPI document shows: what handlers say to the requests of ``events/``."""

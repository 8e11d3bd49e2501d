"""Events on their way to subscribers: what each kind of webhook looks like and how it is signed."""

"""What OrderHub costs, measured. ``make bench`` runs it all."""

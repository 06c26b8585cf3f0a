"""The words of the business: orders, shipments, states and reasons. Standard library only."""

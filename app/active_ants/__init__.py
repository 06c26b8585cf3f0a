"""Active Ants, the warehouse: what it says over HTTP, and what that means to the bridge."""

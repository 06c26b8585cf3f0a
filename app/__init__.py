"""antbridge carries wholesale orders from Ankorstore to Active Ants, and the tracking back."""

__version__ = "0.1.0"

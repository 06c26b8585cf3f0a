"""What the makefile runs besides the service."""

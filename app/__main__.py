"""`python -m app` is `antbridge`."""

from app.cli import main

main()

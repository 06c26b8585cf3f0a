"""The tests; a package, so that they can share the fake clock as `tests.fake_clock`."""

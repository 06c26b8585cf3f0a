"""What all tests share. Its being here lets every test import from `tests`."""

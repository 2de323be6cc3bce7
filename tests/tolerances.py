"""Every tolerance of the tests, named, with its reason. None is ever widened to make a test pass."""

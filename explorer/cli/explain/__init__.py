"""`explain` on the command line: each kind is a module with `add_arguments(parser)` and `run(arguments)`."""

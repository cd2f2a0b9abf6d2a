"""What a network is: specs, names, shapes and costs. Pure Python: neither torch nor Qt."""

"""The block diagram: a scene made from `explorer.networks.layout`, and the view that a person handles."""

"""Two or three networks side by side: the picture of He et al. 2015, Fig. 3, what differs, the same picture through
each."""

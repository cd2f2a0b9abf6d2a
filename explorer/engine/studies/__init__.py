"""The deletion laboratory: many lesions to one network, one after another (Veit et al. 2016, arXiv:1605.06431)."""

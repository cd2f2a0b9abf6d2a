"""Small widgets that panels share. They know nothing of the document."""

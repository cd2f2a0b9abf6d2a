"""Why shortcuts work: one desk a view, which keeps its panel in step with the document while it is in sight."""

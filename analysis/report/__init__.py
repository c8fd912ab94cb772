"""The report: one page for each experiment, complete in itself, and an overview of all."""

"""Studies: a question declared as a design before anything runs, its points, their analysis, and the page with the answer."""

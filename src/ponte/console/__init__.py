"""Console: the pages that people see; HTML that works without JavaScript, then made live."""

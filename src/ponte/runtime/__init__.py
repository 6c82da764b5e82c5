"""Runtime: where inside and outside meet; reads the settings, builds everything, runs the roles."""

"""Store: the rows. Own SQL, one writer, a transaction visible where it is committed."""

"""Results -> paper: tracked trials become frames, cells, tables. Imports neither torch nor ray."""

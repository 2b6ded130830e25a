"""The run as a whole: one file for each group of commands, and the sequential replay that they share."""

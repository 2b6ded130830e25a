"""What answers are held against: templates in a criterion's value, files that it names, right answers."""

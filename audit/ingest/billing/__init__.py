"""What bills of all kinds have in common: amounts and times as they write them, and what a row of them is for."""

"""Bills to lines: what invoices and cost exports of all formats have in common."""

"""Findings and a contract's terms to `renewal.json`: what to sign, with the audit's intervals carried through."""

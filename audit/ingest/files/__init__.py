"""Files to records: found, unpacked, decoded, and cut into pieces of bounded size."""

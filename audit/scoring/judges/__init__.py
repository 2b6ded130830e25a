"""What judges are asked about answers, and how their replies are read. Nothing here sends anything."""

"""What can truly be said of a scan whose structures are labelled: measured from the masks."""

"""What a checkpoint says of scans, and what it finds for words, held against what is true of them."""

"""What a suite found as one page for a browser: plots, pictures of the worst cases, and the tables."""

"""Published weights, renamed into ours."""

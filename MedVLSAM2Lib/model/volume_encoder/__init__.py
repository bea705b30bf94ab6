"""DCFormer: a whole volume in, features at several scales out."""

"""A photo in, a photo out: any file, any size, whatever the network."""

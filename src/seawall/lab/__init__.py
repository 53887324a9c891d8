"""The storm for real, on loopback: a toy ISP that serves mail well, or as badly as it is told to."""

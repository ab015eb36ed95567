"""Events for those who listen over HTTP: the hub that gathers them, and the stream."""

"""Reading what others wrote: files of per-item scores by anybody, one file a format, all of them into columns."""

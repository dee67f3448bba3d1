"""Params files into reports: the only rooms that know papermill and nbconvert."""
